// Undocumented behaviour of the provider is a switch of the emulator: the SDK under every switch's other values, and what
// its users see then.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Emulator} from './programs.mjs';
import {all, apiError, client, finished, jsonl, line, model, withEachSdk} from './sdks.mjs';

withEachSdk('switches', (sdk) => {
  let emulator, ai;
  before(async () => {
    const switches = ['cancel-finished=400', 'missing-file=403', 'page-size-max=2', 'result-file-get=400',
                      'mime-refusal=finalize-200', 'stream-ending=error', 'unknown-batch-text=No such batch.'];
    emulator = await Emulator.start({
      options: ['--refuse-mime', 'text/html', ...switches.flatMap((one) => ['--switch', one])]});
    ai = client(sdk, emulator.url);
  });
  after(() => emulator.stop());

  const uploaded = async (...rows) => (await ai.files.upload({file: jsonl(rows)})).name;

  test('a job that has ended may refuse to be cancelled', async () => {
    const src = await uploaded(line('k', 'x'));
    const {name, dest} = await finished(ai, (await ai.batches.create({model, src})).name);
    await assert.rejects(ai.batches.cancel({name}), apiError(sdk, 400, 'FAILED_PRECONDITION'));
    await assert.rejects(ai.files.get({name: dest.fileName}),
                         apiError(sdk, 400, 'INVALID_ARGUMENT', 'cannot be more than 40 characters'));
  });

  test('a missing file may be "not yours"', async () => {
    await assert.rejects(ai.batches.create({model, src: 'files/never-there'}), apiError(sdk, 403, 'PERMISSION_DENIED'));
    const name = `batches/${'x'.repeat(36)}`;
    await assert.rejects(ai.batches.get({name}), apiError(sdk, 404, 'NOT_FOUND', 'No such batch.'));
  });

  test('pages may be smaller than asked for', async () => {
    const names = [];
    for (let i = 0; i < 5; ++i) names.unshift(await uploaded(line('k', `${i}`)));
    const pager = await ai.files.list({config: {pageSize: 10}});
    assert.equal(pager.pageLength, 2);
    assert.deepEqual((await all(pager)).slice(0, 5).map((file) => file.name), names);
  });

  // The SDK doesn't look for an error in a 200: its user gets no file, and no error.
  test('a refusal may be a 200', async () => {
    assert.equal(await ai.files.upload({file: new Blob(['<p>']), config: {mimeType: 'text/html'}}), undefined);
  });

  test('a stream may break off with an error', async () => {
    const chunks = [];
    const contents = 'word '.repeat(100);
    await assert.rejects(async () => {
      for await (const chunk of await ai.models.generateContentStream({model, contents})) chunks.push(chunk);
    }, (error) => error instanceof sdk.ApiError && error.status === 503);
    const text = chunks.map((chunk) => chunk.text).join('');
    assert.ok(text.length > 0 && `echo: ${contents}`.startsWith(text), text);
  });
});
