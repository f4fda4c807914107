// The synchronous calls of the emulator, as the SDK uses them: answers, streams, tokens, embeddings, models.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Emulator} from './programs.mjs';
import {all, client, embedder, embeddingOf, model, withEachSdk} from './sdks.mjs';

withEachSdk('models', (sdk) => {
  let emulator, ai;
  before(async () => {
    emulator = await Emulator.start();
    ai = client(sdk, emulator.url);
  });
  after(() => emulator.stop());

  test('an answer', async () => {
    const config = {temperature: 0.2, systemInstruction: 'be terse', tools: [{googleSearch: {}}]};
    const response = await ai.models.generateContent({model, contents: 'Hello', config});
    assert.equal(response.text, 'echo: Hello');
    assert.equal(response.candidates[0].finishReason, 'STOP');
    assert.equal(response.candidates[0].content.role, 'model');
    assert.equal(response.modelVersion, model);
    assert.ok(response.responseId);
    const {promptTokenCount, candidatesTokenCount, totalTokenCount} = response.usageMetadata;
    assert.equal(totalTokenCount, promptTokenCount + candidatesTokenCount);
    assert.equal(await emulator.billed('Hello'), 1);
  });

  test('a stream, to its end', async () => {
    // With what breaks lines for some clients: it must come through, in one piece.
    const prompt = `Tell me\nall\u2028of\u2029it\u0085, ${'word '.repeat(200)}`;
    const chunks = await all(await ai.models.generateContentStream({model, contents: prompt}));
    assert.equal(chunks.map((chunk) => chunk.text ?? '').join(''), `echo: ${prompt}`);
    assert.ok(chunks.every((chunk) => chunk.candidates?.length === 1), 'a chunk without content');
    assert.equal(chunks.at(-1).candidates[0].finishReason, 'STOP');
    assert.ok(chunks.at(-1).usageMetadata.totalTokenCount > 200);
    assert.equal(await emulator.billed(prompt), 1);
  });

  test('many at once, each with its own answer', async () => {
    const prompts = Array.from({length: 40}, (_, i) => `at once ${i}`);
    const answers = await Promise.all(prompts.map((contents) => ai.models.generateContent({model, contents})));
    assert.deepEqual(answers.map((one) => one.text), prompts.map((prompt) => `echo: ${prompt}`));
  });

  test('a conversation', async () => {
    const chat = ai.chats.create({model});
    assert.equal((await chat.sendMessage({message: 'first'})).text, 'echo: first');
    assert.equal((await chat.sendMessage({message: 'second'})).text, 'echo: second');
    assert.equal(chat.getHistory().length, 4);
  });

  test('tokens are counted, and nothing is paid', async () => {
    const counted = await ai.models.countTokens({model, contents: 'sixteen letters!'});
    assert.equal(counted.totalTokens, 4);
    assert.equal(await emulator.billed('sixteen letters!'), 0);
  });

  test('one embedding', async () => {
    const config = {outputDimensionality: 8};
    const {embeddings} = await ai.models.embedContent({model: embedder, contents: 'near', config});
    assert.deepEqual(embeddings.map((one) => one.values), [embeddingOf('near', 8)]);
  });

  test('several embeddings, in order', async () => {
    const contents = Array.from({length: 12}, (_, i) => `text ${i}`);
    const {embeddings} = await ai.models.embedContent({model: embedder, contents});
    assert.deepEqual(embeddings.map((one) => one.values), contents.map((text) => embeddingOf(text, 4)));
  });

  test('an embedding of the newer model', async () => {
    const {embeddings} = await ai.models.embedContent({model: 'gemini-embedding-2', contents: 'far'});
    assert.deepEqual(embeddings.map((one) => one.values), [embeddingOf('far', 4)]);
  });

  test('the models there are, through pages, and one of them', async () => {
    const pager = await ai.models.list({config: {pageSize: 2}});
    assert.equal(pager.pageLength, 2);
    const names = (await all(pager)).map((one) => one.name);
    assert.ok(names.includes(`models/${model}`) && names.includes(`models/${embedder}`), names);
    assert.equal(new Set(names).size, names.length);
    const one = await ai.models.get({model});
    assert.equal(one.name, `models/${model}`);
    assert.ok(one.inputTokenLimit > 0 && one.outputTokenLimit > 0);
    for (const action of ['generateContent', 'countTokens', 'batchGenerateContent'])
      assert.ok(one.supportedActions.includes(action), one.supportedActions);
    assert.ok((await ai.models.get({model: embedder})).supportedActions.includes('asyncBatchEmbedContent'));
  });

  test('the environment alone points it here', async () => {
    process.env.GOOGLE_GEMINI_BASE_URL = emulator.url;
    process.env.GEMINI_API_KEY = 'from-the-environment';
    try {
      const plain = new sdk.GoogleGenAI({});
      assert.equal((await plain.models.generateContent({model, contents: 'by name'})).text, 'echo: by name');
    } finally {
      delete process.env.GOOGLE_GEMINI_BASE_URL;
      delete process.env.GEMINI_API_KEY;
    }
  });

  test('every version of the API', async () => {
    for (const apiVersion of ['v1', 'v1beta', 'v1alpha']) {
      const versioned = client(sdk, emulator.url, 'any-key', {apiVersion});
      assert.equal((await versioned.models.generateContent({model, contents: apiVersion})).text, `echo: ${apiVersion}`);
    }
  });
});
