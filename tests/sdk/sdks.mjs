// The versions of the official SDK, side by side, and the functions that all suites share.
import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {describe} from 'node:test';
import {eventually} from './programs.mjs';

export const model = 'gemini-2.5-flash';
export const embedder = 'gemini-embedding-001';

async function load(name) {
  const {GoogleGenAI, ApiError} = await import(name);
  const manifest = JSON.parse(await readFile(new URL(`node_modules/${name}/package.json`, import.meta.url)));
  return {version: manifest.version, GoogleGenAI, ApiError};
}
const sdks = await Promise.all(['genai-2', 'genai-3'].map(load));

// The suite once for each version, one after the other. `suite` gets {version, GoogleGenAI, ApiError}.
export function withEachSdk(name, suite) {
  for (const sdk of sdks) describe(`${name}, @google/genai ${sdk.version}`, {timeout: 180_000}, () => suite(sdk));
}

export const client = (sdk, baseUrl, apiKey = 'any-key', httpOptions = {}) =>
  new sdk.GoogleGenAI({apiKey, httpOptions: {baseUrl, ...httpOptions}});

// For assert.rejects: the SDK's own error with this status, and the provider's error body as its message.
export const apiError = (sdk, code, status, text = '') => (error) => {
  if (!(error instanceof sdk.ApiError)) throw error;
  const body = JSON.parse(error.message).error;
  const seen = {http: error.status, code: body.code, status: body.status};
  if (JSON.stringify(seen) !== JSON.stringify({http: code, code, status}))
    throw new Error(`another error: ${JSON.stringify(seen)}: ${body.message}`);
  if (!body.message.includes(text)) throw new Error(`another message: ${body.message}`);
  return true;
};

const ends = ['JOB_STATE_SUCCEEDED', 'JOB_STATE_FAILED', 'JOB_STATE_CANCELLED', 'JOB_STATE_EXPIRED'];
export const finished = (ai, name) =>
  eventually(async () => {
    const job = await ai.batches.get({name});
    return ends.includes(job.state) && job;
  }, `the end of ${name}`);

export async function all(pager) {
  const items = [];
  for await (const item of pager) items.push(item);
  return items;
}

export const jsonl = (rows) => new Blob(rows.map((row) => JSON.stringify(row) + '\n'), {type: 'application/jsonl'});
export const line = (key, text) => ({key, request: {contents: [{parts: [{text}]}]}});

// What the emulator makes of a text, as docs/emulator.md says.
export function embeddingOf(text, size) {
  const digest = createHash('sha256').update(text).digest();
  return Array.from({length: size}, (_, i) => ((digest.readUInt16BE((i % 16) * 2) % 20001) - 10000) / 10000);
}
