import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockHolder, takeLock } from '../../src/files/lock-file.js'
import { lifeOf, ownIdentity, stateFromPs, stateOf } from '../../src/files/process-life.js'

const program = fileURLToPath(new URL('lock-holder.mjs', import.meta.url))
/** A process namespace of its own, as a container has: needs Linux, and the right to make one. */
const container = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', process.execPath]
const hasContainers = spawnSync(container[0], [...container.slice(1, -1), 'true']).status === 0
const isLinux = process.platform === 'linux'

let folder: string
let path: string
const children: ChildProcess[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-lock-'))
  path = join(folder, 'lock')
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

/** A process that takes locks. */
async function start(at = path, command = [process.execPath]) {
  const child = spawn(command[0], [...command.slice(1), program, at], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => (await lines.next()).value
  const order = (word: 'take' | 'release') => {
    child.stdin.write(`${word}\n`)
    return next()
  }
  expect(await next()).toBe('ready')
  return { child, order }
}

async function end(child: ChildProcess) {
  const ended = once(child, 'close')
  child.kill('SIGKILL')
  await ended
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'held',
    (error: Error) => error.message,
  )
const makeOld = () => utimes(path, Date.now() / 1000 - 121, Date.now() / 1000 - 121)

test('a lock is held by one process, is taken again when given back, and leaves nothing', async () => {
  const lock = await takeLock(path)
  expect(lockHolder(await readFile(path, 'utf8'))).toBe('here')
  const other = await start()
  expect(await other.order('take')).toMatch(
    `another process (${process.pid} ${hostname()}) is writing this run; remove`,
  )
  expect(await refusal(takeLock(path))).toBe(`${path}: this process is writing that ticket already`)
  await lock.release()
  expect(await other.order('take')).toBe('held')
  expect(await refusal(takeLock(path))).toMatch(`another process (${other.child.pid} ${hostname()})`)
  expect(await other.order('release')).toBe('released')
  expect(await readdir(folder)).toEqual([])
})

test('another thread of this process holds it', async () => {
  const worker = new Worker(program, { workerData: path })
  const next = async () => (await once(worker, 'message'))[0]
  const order = (word: string) => {
    const answer = next()
    worker.postMessage(word)
    return answer
  }
  expect(await next()).toBe('ready')
  expect(await order('take')).toBe('held')
  expect(await refusal(takeLock(path))).toBe(`${path}: this process is writing that ticket already`)
  expect(lockHolder(await readFile(path, 'utf8'))).toBe('here')
  await worker.terminate() // without giving the lock back: its age tells
  expect(await refusal(takeLock(path))).toBe(`${path}: this process is writing that ticket already`)
  await makeOld()
  await (await takeLock(path)).release()
})

test('the same folder through a link', async () => {
  await symlink(folder, `${folder}-link`)
  try {
    const linked = join(`${folder}-link`, 'lock')
    const lock = await takeLock(path)
    expect(await refusal(takeLock(linked))).toBe(`${linked}: this process is writing that ticket already`)
    const other = await start(linked)
    expect(await other.order('take')).toMatch(`another process (${process.pid} `)
    await lock.release()
    expect(await other.order('take')).toBe('held')
    expect(await refusal(takeLock(path))).toMatch(`another process (${other.child.pid} `)
  } finally {
    await rm(`${folder}-link`)
  }
})

test.skipIf(!hasContainers)(
  'containers with one host name and equal process ids (skipped where none can be made)',
  async () => {
    const first = await start(path, container)
    const second = await start(path, container)
    expect(await first.order('take')).toBe('held')
    expect(await readFile(path, 'utf8')).toMatch(`1 ${hostname()} `)
    const held = /another process \(1 .*\) is writing this run, \d+ s ago .*taken over after 120 s without a sign/
    expect(await second.order('take')).toMatch(held)
    expect(await refusal(takeLock(path, 'run'))).toMatch(held)
    await end(first.child)
    expect(await second.order('take')).toMatch(held) // its end cannot be seen from here
    await makeOld()
    expect(await second.order('take')).toBe('held')
    expect(await second.order('release')).toBe('released')
  },
)

test.skipIf(!isLinux)('a dead process whose id was given to another one', async () => {
  const holder = await start()
  expect(await holder.order('take')).toBe('held')
  await end(holder.child)
  // What a process leaves whose id is that of a living one now: of the parent of this process, then of this one.
  for (const pid of [process.ppid, process.pid]) {
    await writeFile(path, (await readFile(path, 'utf8')).replace(/^\d+/, String(pid)))
    expect(lockHolder(await readFile(path, 'utf8'))).toBe('nobody')
  }
  await (await takeLock(path)).release()
})

test.skipIf(!isLinux)('a dead process that nobody has reaped', async () => {
  // The shell becomes a program that never asks for the exit code of its child.
  const script = 'exec 3<&0; "$0" "$1" "$2" <&3 & exec sleep 1000'
  const child = spawn('sh', ['-c', script, process.execPath, program, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('ready')
  child.stdin.write('take\n')
  expect((await lines.next()).value).toBe('held')
  const text = await readFile(path, 'utf8')
  const [pid, host] = text.split(' ')
  process.kill(Number(pid), 'SIGKILL')
  await expect.poll(() => stateOf(Number(pid))?.isDead).toBe(true)
  process.kill(Number(pid), 0) // its id is still there
  expect(lockHolder(text)).toBe('nobody')
  expect(lockHolder(`${pid} ${host}\n`)).toBe('nobody') // of an older version
  await (await takeLock(path)).release()
})

test('a lock is renewed, and a process gives back its own alone', async () => {
  const lock = await takeLock(path)
  await lock.assertHeld()
  const other = `1 ${hostname()} 0123456789abcdef - -\n`
  await writeFile(path, other)
  await expect(lock.assertHeld()).rejects.toThrow('another process took it over while this one was stopped')
  await lock.release()
  expect(await readFile(path, 'utf8')).toBe(other)
})

test('three processes race for the lock of a dead one: one wins, 100 times', { timeout: 300_000 }, async () => {
  const dead = await start()
  expect(await dead.order('take')).toBe('held')
  await end(dead.child)
  const stale = await readFile(path, 'utf8')
  const racers = await Promise.all([start(), start(), start()])
  for (let round = 0; round < 100; round++) {
    // In some rounds a taker of earlier died in the middle, and left its claim.
    await writeFile(`${path}.new`, stale)
    await rm(path, { force: true })
    if (round % 4 === 0) await writeFile(`${path}.claim`, stale)
    await writeFile(path, stale)
    const said = await Promise.all(racers.map(({ order }) => order('take')))
    const winner = said.indexOf('held')
    const [, ...others] = said.toSorted((a, b) => Number(b === 'held') - Number(a === 'held'))
    expect(winner).toBeGreaterThanOrEqual(0)
    for (const line of others) expect(line).toMatch(`another process (${racers[winner].child.pid} `)
    expect(await racers[winner].order('release')).toBe('released')
  }
  await rm(`${path}.new`)
  expect(await readdir(folder)).toEqual([])
})

test('locks of older versions, of other machines, and none', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0'])
  expect(lockHolder(`${process.ppid} ${hostname()}\n`)).toBe('here')
  expect(lockHolder(`${pid} ${hostname()}\n`)).toBe('nobody')
  expect(lockHolder(`${process.pid} ${hostname()}\n`)).toBe('nobody') // an earlier process of the same id
  expect(lockHolder('1 another-machine\n')).toBe('elsewhere')
  for (const text of ['1 another-machine\n', `${process.ppid} ${hostname()}\n`]) {
    await writeFile(path, text)
    await makeOld() // nothing renewed them
    expect(await refusal(takeLock(path))).toMatch(/is writing this ticket; remove the file if it is not$/)
  }
  await writeFile(path, '') // after a power cut
  expect(await refusal(takeLock(path))).toMatch('another process (unknown)')
  await makeOld()
  await (await takeLock(path)).release()
})

test('a machine that was started again ended what ran outside containers', () => {
  const first = 'pid:[4026531836]'
  const here = { pid: 1, host: 'box', place: `b/${first}/m`, started: '5' }
  expect(lifeOf({ ...here, place: `a/${first}/m` }, here)).toBe('dead')
  for (const other of [
    { place: `a/${first}/n` },
    { place: 'a/pid:[4026532178]/m' },
    { host: 'bog' },
    { place: undefined },
  ]) {
    expect(lifeOf({ ...here, ...other }, here)).toBe('unknown')
  }
})

test.skipIf(!existsSync('/bin/ps'))('ps tells the same as /proc (skipped where there is no ps)', () => {
  expect(stateFromPs(process.pid)).toMatchObject({ isDead: false, started: stateFromPs(process.pid)?.started })
  expect(stateFromPs(process.pid)?.started).toMatch(/^\w{3}-\w{3}-\d+-[\d:]+-\d{4}$/)
  expect(stateFromPs(spawnSync(process.execPath, ['-e', '0']).pid)).toBeUndefined()
  expect(lifeOf(ownIdentity())).toBe(process.platform === 'win32' ? 'unknown' : 'living')
})
