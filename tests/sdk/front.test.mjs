// batchd itself, as a program uses it whose SDK believes it talks to Google: the base URL is batchd's /gemini, the key is a
// bearer token. The ledger of the emulator behind it decides what was paid.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {Daemon, Emulator, eventually, token} from './programs.mjs';
import {all, apiError, client, embedder, embeddingOf, model, withEachSdk} from './sdks.mjs';

withEachSdk('batchd', (sdk) => {
  let emulator, daemon, ai;
  before(async () => {
    emulator = await Emulator.start({options: ['--max-jobs', '1000']});
    daemon = await Daemon.start(emulator.url);
    ai = client(sdk, `${daemon.url}/gemini`, token);
  });
  beforeEach(() => emulator.faults());
  after(async () => {
    await daemon?.stop();
    await emulator.stop();
  });
  const ask = (contents, config = {}) => ai.models.generateContent({model, contents, config});

  test('an answer', async () => {
    const response = await ask('Hello', {temperature: 0.2, systemInstruction: 'be terse'});
    assert.equal(response.text, 'echo: Hello');
    assert.equal(response.candidates[0].finishReason, 'STOP');
    assert.equal(response.modelVersion, model);
    assert.ok(response.usageMetadata.totalTokenCount > 0);
    assert.equal(await emulator.billed('Hello'), 1);
  });

  test('every version of the API', async () => {
    for (const apiVersion of ['v1', 'v1beta', 'v1alpha']) {
      const versioned = client(sdk, `${daemon.url}/gemini`, token, {apiVersion});
      const contents = `in ${apiVersion}`;
      assert.equal((await versioned.models.generateContent({model, contents})).text, `echo: in ${apiVersion}`);
    }
  });

  test('a stream', async () => {
    const prompt = 'Tell me\nall\u2028of\u2029it\u0085';
    const chunks = await all(await ai.models.generateContentStream({model, contents: prompt}));
    assert.equal(chunks.map((chunk) => chunk.text ?? '').join(''), `echo: ${prompt}`);
    assert.equal(chunks.at(-1).candidates[0].finishReason, 'STOP');
    assert.ok(chunks.at(-1).usageMetadata.totalTokenCount > 0);
    assert.equal(await emulator.billed(prompt), 1);
  });

  test('a conversation', async () => {
    const chat = ai.chats.create({model});
    assert.equal((await chat.sendMessage({message: 'first'})).text, 'echo: first');
    assert.equal((await chat.sendMessage({message: 'second'})).text, 'echo: second');
  });

  const embed = async (contents, config) =>
    (await ai.models.embedContent({model: embedder, contents, config})).embeddings.map((one) => one.values);
  const billedEach = async (texts) => {
    for (const text of texts) assert.equal(await emulator.billed(text), 1, text);
  };

  test('one embedding, and several in order', async () => {
    assert.deepEqual(await embed('near', {outputDimensionality: 8}), [embeddingOf('near', 8)]);
    const texts = Array.from({length: 100}, (_, i) => `text ${i}`);
    assert.deepEqual(await embed(texts), texts.map((text) => embeddingOf(text, 4)));
    await billedEach(['near', ...texts]);
    await assert.rejects(embed([...texts, 'one too many']), apiError(sdk, 400, 'INVALID_ARGUMENT'));
    assert.equal(await emulator.billed('one too many'), 0);
  });

  test('an embedding that fails is named; what succeeded is not paid for again', async () => {
    const texts = ['fine a', 'fine b', 'POISON c', 'fine d'];
    await emulator.faults({on: 'line', if_prompt_contains: 'POISON', do: 'error', code: 3, message: 'not this one'});
    await assert.rejects(embed(texts), apiError(sdk, 400, 'INVALID_ARGUMENT', 'requests[2]: not this one'));
    await emulator.faults();
    assert.deepEqual(await embed(texts), texts.map((text) => embeddingOf(text, 4)));
    await billedEach(texts);
  });

  test('many at once, each with its own answer, in few jobs', async () => {
    const prompts = Array.from({length: 200}, (_, i) => `at once ${i}`);
    const jobsBefore = (await emulator.events('job')).length;
    const answers = await Promise.all(prompts.map((prompt) => ask(prompt)));
    assert.deepEqual(answers.map((one) => one.text), prompts.map((prompt) => `echo: ${prompt}`));
    for (const prompt of prompts) assert.equal(await emulator.billed(prompt), 1, prompt);
    assert.ok((await emulator.events('job')).length - jobsBefore < 100, 'hardly any were batched');
  });

  test('errors are the provider\'s own', async () => {
    const stranger = client(sdk, `${daemon.url}/gemini`, 'nobodys-token-0123456789');
    const refused = apiError(sdk, 401, 'UNAUTHENTICATED');
    await assert.rejects(stranger.models.generateContent({model, contents: 'x'}), refused);
    await assert.rejects(stranger.models.generateContentStream({model, contents: 'x'}), refused);
    await assert.rejects(stranger.models.list(), refused);
    const unknown = {model: 'nosuchmodel', contents: 'x'};
    const notFound = apiError(sdk, 404, 'NOT_FOUND', 'models/nosuchmodel is not found');
    await assert.rejects(ai.models.generateContent(unknown), notFound);
    await assert.rejects(ai.models.generateContentStream(unknown), notFound);
    await emulator.faults({on: 'line', nth: 1, do: 'error', code: 3, message: 'this will never do'});
    await assert.rejects(ask('refused line'), apiError(sdk, 400, 'INVALID_ARGUMENT', 'this will never do'));
    await assert.rejects(ai.models.generateContent({model: 'a model', contents: 'x'}),
                         apiError(sdk, 400, 'INVALID_ARGUMENT'));
  });

  test('what batchd has no answer to says so', async () => {
    const unimplemented = apiError(sdk, 501, 'UNIMPLEMENTED');
    await assert.rejects(ai.models.countTokens({model, contents: 'x'}), unimplemented);
    await assert.rejects(ai.models.list(), unimplemented);
    await assert.rejects(ai.batches.list(), unimplemented);
    await assert.rejects(ai.files.get({name: 'files/any'}), unimplemented);
  });

  test('a block is an answer', async () => {
    await emulator.faults({on: 'line', nth: 1, do: 'block'});
    const response = await ask('forbidden');
    assert.ok(response.promptFeedback.blockReason);
    assert.equal(response.candidates, undefined);
  });

  test('what the provider breaks is mended before the program sees it', async () => {
    await emulator.faults({on: 'line', first: 2, do: 'missing'}, {on: 'download', nth: 1, do: 'truncate'},
                          {on: 'create', nth: 1, do: 'status', status: 503});
    const prompts = Array.from({length: 10}, (_, i) => `mended ${i}`);
    const answers = await Promise.all(prompts.map((prompt) => ask(prompt)));
    assert.deepEqual(answers.map((one) => one.text), prompts.map((prompt) => `echo: ${prompt}`));
    for (const prompt of prompts) assert.equal(await emulator.billed(prompt), 1, prompt);
  });

  test('who hangs up and calls again gets the answer that was paid for', async () => {
    const calls = {
      'paid once': async (abortSignal) => (await ask('paid once', {abortSignal})).text,
      'streamed once': async (abortSignal) => {
        const params = {model, contents: 'streamed once', config: {abortSignal}};
        return (await all(await ai.models.generateContentStream(params))).map((chunk) => chunk.text).join('');
      },
      'embedded once': (abortSignal) => embed(['embedded once', 'with it'], {abortSignal})};
    await emulator.faults({on: 'get', do: 'status', status: 503});  // nothing ends meanwhile
    for (const call of Object.values(calls)) {
      const hangUp = new AbortController();
      const jobsBefore = (await emulator.events('job')).length;
      const abandoned = assert.rejects(call(hangUp.signal), {name: 'AbortError'});
      await eventually(async () => (await emulator.events('job')).length > jobsBefore, 'the job of the first call');
      hangUp.abort();
      await abandoned;
      await eventually(async () => (await daemon.waiters()) === 0, 'the hang-up to be seen');
    }
    // The same call is one with the same body: with abortSignal, too, because the SDK sends another body without.
    const patience = new AbortController();
    const again = Object.values(calls).map((call) => call(patience.signal));
    await eventually(async () => (await daemon.waiters()) === again.length, 'all to call again');
    await emulator.faults();
    assert.deepEqual(await Promise.all(again), ['echo: paid once', 'echo: streamed once',
                                                [embeddingOf('embedded once', 4), embeddingOf('with it', 4)]]);
    await billedEach([...Object.keys(calls), 'with it']);
    // Answered means answered: the next one is a call of its own.
    assert.equal(await calls['paid once'](patience.signal), 'echo: paid once');
    assert.equal(await emulator.billed('paid once'), 2);
  });

  test('a key of one\'s own makes two calls one', async () => {
    const httpOptions = {headers: {'Idempotency-Key': 'call-1'}};
    const answers = await Promise.all([1, 2, 3].map(() => ask('keyed', {httpOptions})));
    assert.ok(answers.every((one) => one.text === 'echo: keyed'));
    assert.equal(await emulator.billed('keyed'), 1);
  });

  test('all is accounted for', async () => {
    const left = await eventually(async () => {
      const states = await daemon.requests();
      return states.queued + states.packed === 0 && states;
    }, 'the last request');
    assert.ok(left.succeeded > 200, JSON.stringify(left));
    assert.equal(left.expired + left.cancelled, 0, JSON.stringify(left));
  });
});
