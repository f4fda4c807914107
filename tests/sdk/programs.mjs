// gemini-emulator and batchd as child processes: started on free ports of 127.0.0.1, stopped by their pids.
// BATCHD_PROGRAMS names the folder that they are in.
import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {chmod, mkdir, mkdtemp, open, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';

const programs = process.env.BATCHD_PROGRAMS ?? '.';
const patienceMs = 30_000;

// Asks until the answer is truthy and returns it; throws when that takes too long.
export async function eventually(ask, what) {
  for (const start = Date.now(); Date.now() - start < patienceMs; await pause(20)) {
    const answer = await ask();
    if (answer) return answer;
  }
  throw new Error(`waited in vain for ${what}`);
}

export const digestOf = (text) => createHash('sha256').update(text).digest('hex');
const textOf = (path) => readFile(path, 'utf8').catch(() => '');

class Program {
  // `ready` says when it can be called: given the program, it answers something true.
  static async start(name, argumentsOf, ready) {
    const folder = await mkdtemp(join(tmpdir(), 'batchd-sdk-'));
    const program = new this();
    program.folder = folder;
    try {
      const log = await open(join(folder, 'log'), 'w');
      program.process = spawn(join(programs, name), await argumentsOf(folder), {stdio: ['ignore', log.fd, log.fd]});
      await once(program.process, 'spawn');
      process.once('exit', () => program.process.kill('SIGKILL'));  // a test that gave up leaves nothing behind
      await log.close();
      await eventually(async () => (await ready(program)) || program.ended(), `${name} to start`);
      if (program.ended()) throw new Error(`${name} ended: ${await program.log()}`);
      return program;
    } catch (error) {
      await program.stop().catch(() => {});
      throw error;
    }
  }

  ended() {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }
  log() {
    return textOf(join(this.folder, 'log'));
  }
  // Throws if it doesn't end as it should. What it wrote is gone afterwards.
  async stop() {
    const {process: child} = this;
    if (child?.pid && !this.ended()) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await gone;
      clearTimeout(killer);
    }
    const log = await this.log();
    await rm(this.folder, {recursive: true, force: true});
    if (child?.exitCode !== 0) throw new Error(`exit code ${child?.exitCode}, signal ${child?.signalCode}: ${log}`);
  }
}

export class Emulator extends Program {
  static start({jobSeconds = 0.2, options = []} = {}) {
    const argumentsOf = (folder) => [
      '--port', '0', '--port-file', join(folder, 'port'), '--ledger', join(folder, 'ledger'),
      '--job-seconds', String(jobSeconds), ...options];
    return super.start('gemini-emulator', argumentsOf, async (emulator) => {
      emulator.url = `http://127.0.0.1:${(await textOf(join(emulator.folder, 'port'))).trim()}`;
      return !emulator.url.endsWith(':');
    });
  }

  // Replaces all rules, as docs/emulator.md says; none: nothing goes wrong any more.
  async faults(...rules) {
    const answer = await fetch(`${this.url}/emulator/faults`, {method: 'POST', body: JSON.stringify({rules})});
    if (!answer.ok) throw new Error(`rules refused: ${await answer.text()}`);
  }
  async events(name) {
    const lines = (await textOf(join(this.folder, 'ledger'))).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line)).filter((event) => event.event === name);
  }
  // How many times this prompt was paid for, as a line of a job or by itself.
  async billed(prompt) {
    const paid = [...(await this.events('line')), ...(await this.events('generate'))];
    return paid.filter((one) => one.prompt_sha256 === digestOf(prompt) && one.billed === 'billed').length;
  }
}

export const token = 'token-of-ann-0123456789';

// Short, so that a test waits for events only.
const settings = (folder, provider) => `
[server]
socket = "${folder}/s"
listen = "127.0.0.1:0"
tokens_file = "${folder}/tokens"
allow_mapped_uids = true
[store]
path = "${folder}/state/batchd.db"
[accounts.default]
base_url = "${provider}"
api_key_file = "${folder}/key"
connect_timeout = "2s"
answer_timeout = "5s"
stall_timeout = "5s"
[packing]
max_age = "100ms"
[submission]
quarantine = "1s"
throttle_first = "300ms"
throttle_max = "1s"
reconcile_first = "100ms"
reconcile_max = "500ms"
fence_pause = "100ms"
relist_pause = "200ms"
[polling]
first = "100ms"
max = "300ms"
[retry]
first = "50ms"
max = "500ms"
`;

export class Daemon extends Program {
  static start(provider) {
    const argumentsOf = async (folder) => {
      await writeFile(join(folder, 'key'), 'test-key', {mode: 0o600});
      await writeFile(join(folder, 'tokens'), `ann ${token}\n`, {mode: 0o600});
      await writeFile(join(folder, 'batchd.toml'), settings(folder, provider));
      await mkdir(join(folder, 'state'));
      await chmod(join(folder, 'state'), 0o700);
      return ['--config', join(folder, 'batchd.toml')];
    };
    return super.start('batchd', argumentsOf, async (daemon) => {
      const port = / tcp=127\.0\.0\.1:(\d+)/.exec(await daemon.log())?.[1];
      daemon.url = `http://127.0.0.1:${port}`;
      if (!port) return false;
      return (await fetch(`${daemon.url}/readyz`).catch(() => undefined))?.ok;
    });
  }

  // How many callers wait for an answer. That one has hung up is seen a moment after it happened.
  async waiters() {
    return Number(/^batchd_waiters (\d+)$/m.exec(await (await fetch(`${this.url}/metrics`)).text())[1]);
  }
  // The numbers of our own requests, by state.
  async requests() {
    const answer = await fetch(`${this.url}/v1/status`, {headers: {authorization: `Bearer ${token}`}});
    return (await answer.json()).requests;
  }
}
