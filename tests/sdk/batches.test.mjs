// Batch Mode of the emulator, as the SDK uses it: jobs from files and inline, their states, results, lists and ends.
import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, mock, test} from 'node:test';
import {Emulator, eventually} from './programs.mjs';
import {all, client, embedder, embeddingOf, finished, jsonl, line, model, withEachSdk} from './sdks.mjs';

const textOf = (response) => response.candidates[0].content.parts[0].text;

withEachSdk('batches', (sdk) => {
  let emulator, ai, folder;
  before(async () => {
    emulator = await Emulator.start();
    ai = client(sdk, emulator.url);
    folder = await mkdtemp(join(tmpdir(), 'batchd-sdk-'));
    mock.method(console, 'warn', () => {});  // createEmbeddings says each time that it is experimental
  });
  after(async () => {
    mock.restoreAll();
    await rm(folder, {recursive: true, force: true});
    await emulator.stop();
  });

  const uploaded = async (rows) => (await ai.files.upload({file: jsonl(rows)})).name;
  async function results(job, calls = ai) {
    const downloadPath = join(folder, 'results');
    await calls.files.download({file: job.dest.fileName, downloadPath});
    const lines = (await readFile(downloadPath, 'utf8')).split('\n').slice(0, -1).map((one) => JSON.parse(one));
    return new Map(lines.map((one) => [one.key, one]));
  }

  test('a job from a file, to its results', async () => {
    const rows = Array.from({length: 20}, (_, i) => line(`r${i}`, `from a file ${i}`));
    const created = await ai.batches.create({model, src: await uploaded(rows), config: {displayName: 'first'}});
    assert.match(created.name, /^batches\/[a-z0-9]{36}$/);
    assert.equal(created.state, 'JOB_STATE_PENDING');
    assert.equal(created.displayName, 'first');
    assert.equal(created.model, `models/${model}`);
    assert.equal(created.dest, undefined);
    const job = await finished(ai, created.name);
    assert.equal(job.state, 'JOB_STATE_SUCCEEDED');
    assert.equal(job.dest.fileName, created.name.replace('batches/', 'files/batch-'));
    assert.ok(Date.parse(job.endTime) >= Date.parse(job.createTime));
    const answers = await results(job);
    assert.equal(answers.size, 20);
    for (let i = 0; i < 20; ++i) {
      assert.equal(textOf(answers.get(`r${i}`).response), `echo: from a file ${i}`);
      assert.equal(await emulator.billed(`from a file ${i}`), 1);
    }
  });

  test('an inline job, its answers in order and with their metadata', async () => {
    const src = [
      {contents: 'one', metadata: {key: 'a'}},
      {contents: [{role: 'user', parts: [{text: 'two'}]}], metadata: {key: 'b', page: '7'},
       config: {temperature: 0.5, systemInstruction: 'be terse', thinkingConfig: {thinkingBudget: 0}}},
      {contents: 'three'}];
    const created = await ai.batches.create({model, src, config: {displayName: 'inline'}});
    const job = await finished(ai, created.name);
    assert.equal(job.state, 'JOB_STATE_SUCCEEDED');
    assert.equal(job.displayName, 'inline');
    assert.equal(job.dest.fileName, undefined);
    const answers = job.dest.inlinedResponses;
    assert.deepEqual(answers.map((one) => textOf(one.response)), ['echo: one', 'echo: two', 'echo: three']);
    assert.deepEqual(answers.map((one) => one.metadata), [{key: 'a'}, {key: 'b', page: '7'}, undefined]);
    for (const prompt of ['one', 'two', 'three']) assert.equal(await emulator.billed(prompt), 1);
  });

  test('a job of embeddings from a file', async () => {
    const embedding = (text) => ({key: text, request: {content: {parts: [{text}]}, output_dimensionality: 8}});
    const rows = ['near', 'far'].map(embedding);
    const created = await ai.batches.createEmbeddings({model: embedder, src: {fileName: await uploaded(rows)}});
    const job = await finished(ai, created.name);
    assert.equal(job.state, 'JOB_STATE_SUCCEEDED');
    const answers = await results(job);
    for (const text of ['near', 'far'])
      assert.deepEqual(answers.get(text).response.embedding.values, embeddingOf(text, 8));
  });

  test('an inline job of embeddings', async () => {
    const config = {outputDimensionality: 3, taskType: 'RETRIEVAL_QUERY'};
    const src = {inlinedRequests: {contents: ['left', 'right'], config}};
    const job = await finished(ai, (await ai.batches.createEmbeddings({model: embedder, src})).name);
    assert.equal(job.state, 'JOB_STATE_SUCCEEDED');
    const answers = job.dest.inlinedEmbedContentResponses;
    assert.deepEqual(answers.map((one) => one.response.embedding.values),
                     [embeddingOf('left', 3), embeddingOf('right', 3)]);
  });

  test('lists go through all pages, newest first', async () => {
    const ours = client(sdk, emulator.url, 'lister:1');
    const src = (await ours.files.upload({file: jsonl([line('k', 'listed')])})).name;
    const names = [];
    for (let i = 0; i < 25; ++i) names.unshift((await ours.batches.create({model, src})).name);
    const pager = await ours.batches.list({config: {pageSize: 10}});
    assert.equal(pager.pageLength, 10);
    assert.deepEqual((await all(pager)).map((job) => job.name), names);
    assert.deepEqual((await all(await ours.batches.list())).map((job) => job.name), names);
    assert.deepEqual(await all(await client(sdk, emulator.url, 'nobody:1').batches.list()), []);
  });

  test('a cancelled job ends, and costs nothing', async () => {
    const slow = await Emulator.start({jobSeconds: 600});
    try {
      const calls = client(sdk, slow.url);
      const {name: src} = await calls.files.upload({file: jsonl([line('k', 'in vain')])});
      const {name} = await calls.batches.create({model, src});
      await calls.batches.cancel({name});
      const job = await finished(calls, name);
      assert.equal(job.state, 'JOB_STATE_CANCELLED');
      assert.equal(job.dest, undefined);
      assert.equal(await slow.billed('in vain'), 0);
    } finally {
      await slow.stop();
    }
  });

  test('a job cancelled on its way may have the results of what was done', async () => {
    const slow = await Emulator.start({jobSeconds: 8});  // RUNNING for six of them
    try {
      await slow.faults({on: 'job', do: 'cancel_partly', executed: 0.5});
      const calls = client(sdk, slow.url);
      const rows = Array.from({length: 8}, (_, i) => line(`r${i}`, `partly ${i}`));
      const {name: src} = await calls.files.upload({file: jsonl(rows)});
      const {name} = await calls.batches.create({model, src});
      await eventually(async () => (await calls.batches.get({name})).state === 'JOB_STATE_RUNNING', 'the job to run');
      await calls.batches.cancel({name});
      const job = await finished(calls, name);
      assert.equal(job.state, 'JOB_STATE_CANCELLED');
      assert.deepEqual([...(await results(job, calls)).keys()].sort(), ['r0', 'r1', 'r2', 'r3']);
    } finally {
      await slow.stop();
    }
  });

  test('a job that has ended may be cancelled; its results stay', async () => {
    const src = await uploaded([line('k', 'kept')]);
    const {name} = await finished(ai, (await ai.batches.create({model, src})).name);
    await ai.batches.cancel({name});
    assert.equal((await ai.batches.get({name})).state, 'JOB_STATE_SUCCEEDED');
  });

  test('a deleted job is gone', async () => {
    const src = await uploaded([line('k', 'gone')]);
    const {name} = await finished(ai, (await ai.batches.create({model, src})).name);
    await ai.batches.delete({name});
    await assert.rejects(ai.batches.get({name}), {status: 404});
    assert.ok(!(await all(await ai.batches.list())).some((job) => job.name === name));
  });

  test('a job that fails, one that expires, one without output for a while', async () => {
    const src = await uploaded([line('k', 'unlucky')]);
    await emulator.faults({on: 'job', nth: 1, do: 'fail'}, {on: 'job', nth: 2, do: 'expire'},
                          {on: 'job', nth: 3, do: 'succeed_without_output_polls', polls: 2});
    const ended = async () => finished(ai, (await ai.batches.create({model, src})).name);
    assert.equal((await ended()).state, 'JOB_STATE_FAILED');
    assert.equal((await ended()).state, 'JOB_STATE_EXPIRED');
    assert.equal(await emulator.billed('unlucky'), 0);
    const late = await ended();
    assert.equal(late.state, 'JOB_STATE_SUCCEEDED');
    assert.equal(late.dest, undefined);
    await emulator.faults();
    await ai.batches.get({name: late.name});
    assert.ok((await ai.batches.get({name: late.name})).dest.fileName);
  });
});
