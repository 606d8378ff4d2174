/**
 * Loaded before the program (`node --import`): counts what it does to files below a folder, and lets it die or the disk be full at one of
 * these moments. `R4T_FAULT` is JSON: `folder`; `at`, the number of the moment, from 1; `kind`:
 *
 * - `count`  nothing happens
 * - `before` SIGKILL before the moment, `after` behind it, `torn` after half of what was to be written
 * - `full`   from this moment on the disk is full (ENOSPC)
 *
 * The number of moments is written to `report` when the process ends. The clock runs `clock` times as fast, so that a training of a
 * second saves the checkpoints of one that takes minutes.
 */
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const { folder, at = 0, kind = 'count', report, clock = 1 } = JSON.parse(process.env.R4T_FAULT ?? '{}');

if (folder && isMainThread) {
  const now = performance.now.bind(performance);
  performance.now = () => now() * clock;

  let moments = 0;
  /** Paths of open files. */
  const opened = new WeakMap();
  const isBelow = (path) => typeof path === 'string' && resolve(path).startsWith(folder);

  function die() {
    process.kill(process.pid, 'SIGKILL');
    // The signal needs a moment, in which nothing more may be done.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }

  const full = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

  /**
   * @param writes whether it needs space
   * @param half does half of it
   */
  function moment(path, act, { writes = false, half } = {}) {
    if (!isBelow(path)) return act();
    moments++;
    if (kind === 'full' && moments >= at && writes)
      return half ? half().then(() => Promise.reject(full())) : Promise.reject(full());
    if (kind === 'count' || kind === 'full' || moments !== at) return act();
    if (kind === 'torn' && half) return half().then(die);
    if (kind === 'before' || kind === 'torn') return die();
    return act().then(die);
  }

  const halfOf = (data) => {
    const bytes =
      typeof data === 'string'
        ? Buffer.from(data)
        : data instanceof Uint8Array
          ? data
          : Buffer.from([...data].join(''));
    return bytes.subarray(0, Math.floor(bytes.length / 2));
  };

  const real = { ...fsp };
  const place = (file) => (typeof file === 'string' ? file : opened.get(file));
  fsp.open = async (path, flags = 'r', ...rest) => {
    const isNew = /[wa]/.test(String(flags));
    const open = () => real.open(path, flags, ...rest);
    const handle = isNew ? await moment(path, open, { writes: true }) : await open();
    if (isBelow(path)) opened.set(handle, path);
    return handle;
  };
  fsp.writeFile = (file, data, ...rest) =>
    moment(place(file), () => real.writeFile(file, data, ...rest), {
      writes: true,
      half: () => real.writeFile(file, halfOf(data), ...rest),
    });
  fsp.appendFile = (file, data, ...rest) =>
    moment(place(file), () => real.appendFile(file, data, ...rest), {
      writes: true,
      half: () => real.appendFile(file, halfOf(data), ...rest),
    });
  for (const name of ['rename', 'link', 'copyFile']) {
    fsp[name] = (from, to, ...rest) =>
      moment(to, () => real[name](from, to, ...rest), { writes: name === 'copyFile' });
  }
  fsp.mkdir = (path, ...rest) =>
    fs.existsSync(path)
      ? real.mkdir(path, ...rest)
      : moment(path, () => real.mkdir(path, ...rest), { writes: true });
  fsp.rm = (path, ...rest) =>
    fs.existsSync(path) ? moment(path, () => real.rm(path, ...rest)) : real.rm(path, ...rest);

  const probe = await real.open(process.execPath, 'r');
  const handles = Object.getPrototypeOf(probe);
  await probe.close();
  const { write, sync, datasync, truncate } = handles;
  handles.write = function (data, offset, length, position) {
    return moment(opened.get(this), () => write.call(this, data, offset, length, position), {
      writes: true,
      half: () => write.call(this, data, offset, Math.floor(length / 2), position),
    });
  };
  for (const name of ['appendFile', 'writeFile']) {
    const act = handles[name];
    handles[name] = function (data, ...rest) {
      return moment(opened.get(this), () => act.call(this, data, ...rest), {
        writes: true,
        half: () => act.call(this, halfOf(data), ...rest),
      });
    };
  }
  for (const [name, act] of Object.entries({ sync, datasync, truncate })) {
    handles[name] = function (...args) {
      return moment(opened.get(this), () => act.apply(this, args));
    };
  }
  syncBuiltinESMExports();
  if (report) process.on('exit', () => fs.writeFileSync(report, String(moments)));
}
