// Errors as the SDK shows them to its users: each is an ApiError with the provider's body.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {Emulator, eventually} from './programs.mjs';
import {all, apiError, client, embedder, finished, jsonl, line, model, withEachSdk} from './sdks.mjs';

withEachSdk('errors', (sdk) => {
  let emulator, ai;
  before(async () => {
    emulator = await Emulator.start({options: ['--max-jobs', '3']});
    ai = client(sdk, emulator.url);
  });
  beforeEach(() => emulator.faults());
  after(() => emulator.stop());

  const uploaded = async (...rows) => (await ai.files.upload({file: jsonl(rows)})).name;
  const hello = {model, contents: 'Hello'};

  test('a bad key', async () => {
    const stranger = client(sdk, emulator.url, 'bad-key');
    const refused = apiError(sdk, 400, 'INVALID_ARGUMENT', 'API key not valid');
    await assert.rejects(stranger.models.generateContent(hello), refused);
    await assert.rejects(stranger.files.upload({file: jsonl([line('k', 'x')])}), refused);
    await assert.rejects(stranger.batches.list(), refused);
    await assert.rejects(stranger.models.generateContentStream(hello), refused);
    const keyRevoked = {on: 'any', do: 'invalid_key', if_key: 'any-key'};
    await emulator.faults(keyRevoked);
    await assert.rejects(ai.models.generateContent(hello), refused);
  });

  test('an unknown model, and one that does something else', async () => {
    const src = await uploaded(line('k', 'x'));
    const unknown = apiError(sdk, 404, 'NOT_FOUND', 'is not found for API version');
    await assert.rejects(ai.models.generateContent({...hello, model: 'nosuchmodel'}), unknown);
    await assert.rejects(ai.models.generateContentStream({...hello, model: 'nosuchmodel'}), unknown);
    await assert.rejects(ai.models.countTokens({...hello, model: 'nosuchmodel'}), unknown);
    await assert.rejects(ai.models.embedContent({...hello, model: 'nosuchmodel'}), unknown);
    await assert.rejects(ai.models.get({model: 'nosuchmodel'}), unknown);
    await assert.rejects(ai.batches.create({model: 'nosuchmodel', src}), unknown);
    await assert.rejects(ai.batches.create({model: embedder, src}), unknown);
  });

  test('bad lines, all of them named', async () => {
    const mistake = {key: 'b', request: {contents: [{parts: [{text: 'x'}]}], thinking_config: {}}};
    const src = await uploaded(line('a', 'fine'), mistake, line('c', 'fine'), line('d', 'fine'), mistake);
    await assert.rejects(ai.batches.create({model, src}), (error) => {
      apiError(sdk, 400, 'INVALID_ARGUMENT', 'Error on line 2: ')(error);
      return apiError(sdk, 400, 'INVALID_ARGUMENT', '\nError on line 5: ')(error);
    });
    assert.equal(await emulator.billed('fine'), 0);
  });

  test('jobs of files that are not there, and jobs that are not there', async () => {
    await assert.rejects(ai.batches.create({model, src: 'files/never-there'}), apiError(sdk, 404, 'NOT_FOUND'));
    const src = await uploaded(line('k', 'x'));
    const unknown = apiError(sdk, 404, 'NOT_FOUND');
    await assert.rejects(client(sdk, emulator.url, 'stranger:1').batches.create({model, src}), unknown);
    const name = `batches/${'x'.repeat(36)}`;
    await assert.rejects(ai.batches.get({name}), unknown);
    await assert.rejects(ai.batches.cancel({name}), unknown);
    await assert.rejects(ai.batches.delete({name}), unknown);
  });

  test('an inline job over 20 MiB', async () => {
    const src = [{contents: 'x'.repeat(21 << 20)}];
    const words = 'Request payload size exceeds the limit: 20971520 bytes.';
    await assert.rejects(ai.batches.create({model, src}), apiError(sdk, 400, 'INVALID_ARGUMENT', words));
  });

  test('too many jobs, until one has ended', async () => {
    const src = await uploaded(line('k', 'one of many'));
    const jobs = [];
    const full = async () => {
      for (;;) jobs.push(await ai.batches.create({model, src}));
    };
    await emulator.faults({on: 'job', do: 'stuck'});
    await assert.rejects(full(), apiError(sdk, 429, 'RESOURCE_EXHAUSTED'));
    assert.equal(jobs.length, 3);
    for (const {name} of jobs) {
      await ai.batches.cancel({name});
      await finished(ai, name);
    }
    await emulator.faults();
    assert.equal((await finished(ai, (await ai.batches.create({model, src})).name)).state, 'JOB_STATE_SUCCEEDED');
  });

  test('busy, and tried again if one asks for it', async () => {
    const busy = {on: 'generate', first: 2, do: 'status', status: 429};
    await emulator.faults(busy);
    await assert.rejects(ai.models.generateContent(hello), apiError(sdk, 429, 'RESOURCE_EXHAUSTED'));
    await emulator.faults(busy);
    const retryOptions = {attempts: 3, initialDelay: 0.01, maxDelay: 0.02};
    const patient = client(sdk, emulator.url, 'any-key', {retryOptions});
    assert.equal((await patient.models.generateContent(hello)).text, 'echo: Hello');
  });

  test('words of the front end that are not JSON', async () => {
    await emulator.faults({on: 'get', nth: 1, do: 'status', status: 502, body: '<html>Bad Gateway</html>'});
    await assert.rejects(ai.batches.get({name: 'batches/any'}),
                         (error) => error.status === 502 && error.message.includes('Bad Gateway'));
  });

  test('broken connections', async () => {
    await emulator.faults({on: 'generate', nth: 1, do: 'reset_before'}, {on: 'generate', nth: 2, do: 'reset_after'});
    const broken = (error) => !(error instanceof sdk.ApiError);
    for (const contents of ['never arrives', 'is paid in vain'])
      await assert.rejects(ai.models.generateContent({model, contents}), broken);
    assert.equal(await emulator.billed('never arrives'), 0);
    assert.equal(await emulator.billed('is paid in vain'), 1);
  });

  test('a caller that has no more patience', async () => {
    await emulator.faults({on: 'generate', do: 'withhold', seconds: 30});
    await assert.rejects(ai.models.generateContent({...hello, config: {httpOptions: {timeout: 200}}}));
    const hangUp = new AbortController();
    const call = assert.rejects(ai.models.generateContent({...hello, config: {abortSignal: hangUp.signal}}));
    await eventually(async () => (await emulator.events('fault')).filter((one) => one.do === 'withhold').length === 2,
                     'the second call');
    hangUp.abort();
    await call;
  });

  test('a stream that is refused', async () => {
    await emulator.faults({on: 'any', nth: 1, do: 'status', status: 503});
    await assert.rejects(ai.models.generateContentStream(hello), apiError(sdk, 503, 'UNAVAILABLE'));
    assert.ok((await all(await ai.models.generateContentStream(hello))).length > 0);
  });
});
