// Files of the emulator, as the SDK uses them: uploads of one and of several chunks, names, lists, deletes, downloads.
import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Emulator, digestOf} from './programs.mjs';
import {all, apiError, client, finished, jsonl, line, model, withEachSdk} from './sdks.mjs';

const mebibyte = 1 << 20;
// Different at each place, so that chunks that are lost, doubled or in disorder change the digest.
const filled = (size) => Buffer.from(Uint32Array.from({length: size / 4}, (_, i) => i).buffer);
const hashOf = (bytes) => Buffer.from(digestOf(bytes)).toString('base64');

withEachSdk('files', (sdk) => {
  let emulator, ai, folder;
  before(async () => {
    emulator = await Emulator.start();
    ai = client(sdk, emulator.url);
    folder = await mkdtemp(join(tmpdir(), 'batchd-sdk-'));
  });
  after(async () => {
    await rm(folder, {recursive: true, force: true});
    await emulator.stop();
  });

  test('a small one', async () => {
    const text = JSON.stringify(line('r1', 'small')) + '\n';
    const file = await ai.files.upload({
      file: new Blob([text]), config: {mimeType: 'application/jsonl', displayName: 'my input'}});
    assert.match(file.name, /^files\/[a-z0-9]{12}$/);
    assert.equal(file.displayName, 'my input');
    assert.equal(file.mimeType, 'application/jsonl');
    assert.equal(file.sizeBytes, String(text.length));
    assert.equal(file.sha256Hash, hashOf(text));
    assert.equal(file.state, 'ACTIVE');
    assert.equal(file.source, 'UPLOADED');
    assert.ok(file.uri.startsWith(emulator.url) && file.uri.endsWith(file.name), file.uri);
    const lives = Date.parse(file.expirationTime) - Date.parse(file.createTime);
    assert.ok(Math.abs(lives - 48 * 3_600_000) < 1000, `${lives} ms`);
    const again = await ai.files.get({name: file.name});
    assert.deepEqual({...again, sdkHttpResponse: 0}, {...file, sdkHttpResponse: 0});
  });

  for (const [what, size] of [['exactly 8 MiB', 8 * mebibyte], ['9 MiB', 9 * mebibyte], ['16 MiB', 16 * mebibyte]]) {
    test(what, async () => {
      const bytes = filled(size);
      const file = await ai.files.upload({file: new Blob([bytes]), config: {mimeType: 'text/plain'}});
      assert.equal(file.sizeBytes, String(size));
      assert.equal(file.sha256Hash, hashOf(bytes));
    });
  }

  test('from a path, under a name of our own', async () => {
    const path = join(folder, 'input.txt');
    const bytes = filled(9 * mebibyte);
    await writeFile(path, bytes);
    const file = await ai.files.upload({file: path, config: {name: 'my-own-name'}});
    assert.equal(file.name, 'files/my-own-name');
    assert.equal(file.mimeType, 'text/plain');
    assert.equal(file.sha256Hash, hashOf(bytes));
    await assert.rejects(ai.files.upload({file: path, config: {name: 'my-own-name'}}),
                         apiError(sdk, 409, 'ALREADY_EXISTS'));
  });

  test('an empty one is what the SDK gives up on', async () => {
    await assert.rejects(ai.files.upload({file: new Blob([]), config: {mimeType: 'text/plain'}}));
  });

  test('listed through pages, newest first, and only to their own project', async () => {
    const ours = client(sdk, emulator.url, 'lister:1');
    const names = [];
    for (let i = 0; i < 7; ++i) names.unshift((await ours.files.upload({file: jsonl([line('k', `${i}`)])})).name);
    const pager = await client(sdk, emulator.url, 'lister:2').files.list({config: {pageSize: 3}});
    assert.equal(pager.pageLength, 3);
    assert.deepEqual((await all(pager)).map((file) => file.name), names);
    assert.deepEqual(await all(await client(sdk, emulator.url, 'nobody:1').files.list()), []);
  });

  test('deleted, foreign and unknown ones are the same', async () => {
    const {name} = await ai.files.upload({file: jsonl([line('k', 'x')])});
    const gone = apiError(sdk, 403, 'PERMISSION_DENIED', 'or it may not exist');
    await assert.rejects(client(sdk, emulator.url, 'stranger:1').files.get({name}), gone);
    await ai.files.delete({name});
    await assert.rejects(ai.files.get({name}), gone);
    await assert.rejects(ai.files.delete({name}), gone);
    await assert.rejects(ai.files.get({name: 'files/never-there'}), gone);
  });

  test('results are downloaded, uploads are not', async () => {
    const input = await ai.files.upload({file: jsonl([line('r1', 'to disk')])});
    const job = await finished(ai, (await ai.batches.create({model, src: input.name})).name);
    const downloadPath = join(folder, 'results.jsonl');
    await ai.files.download({file: job.dest.fileName, downloadPath});
    const text = await readFile(downloadPath, 'utf8');
    assert.ok(text.endsWith('\n'));
    assert.equal(JSON.parse(text).key, 'r1');
    await assert.rejects(ai.files.download({file: input.name, downloadPath}), apiError(sdk, 400, 'INVALID_ARGUMENT'));
    // The names of results are longer than the provider lets anybody delete.
    await assert.rejects(ai.files.delete({name: job.dest.fileName}),
                         apiError(sdk, 400, 'INVALID_ARGUMENT', 'cannot be more than 40 characters'));
  });

  test('a refused type', async () => {
    const picky = await Emulator.start({options: ['--refuse-mime', 'jsonl']});
    try {
      const upload = {file: jsonl([line('k', 'x')]), config: {mimeType: 'jsonl'}};
      await assert.rejects(client(sdk, picky.url).files.upload(upload),
                           apiError(sdk, 400, 'INVALID_ARGUMENT', 'Unsupported MIME type: jsonl'));
    } finally {
      await picky.stop();
    }
  });
});
