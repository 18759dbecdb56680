/**
 * Takes a lock when it is told to, and gives it back: run as a process (orders on stdin) or as a worker thread (as messages), with the
 * path as its argument. Says `ready`, then for each `take` either `held` or the refusal, for each `release` `released`.
 */
import { createInterface } from 'node:readline'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { takeLock } from '../../dist/files/lock-file.js'

const path = isMainThread ? process.argv[2] : workerData
const say = (line) => (isMainThread ? process.stdout.write(`${line}\n`) : parentPort.postMessage(line))
let lock
const obey = async (order) => {
  if (order === 'take') {
    say(
      await takeLock(path, 'run').then(
        (taken) => {
          lock = taken
          return 'held'
        },
        (error) => error.message,
      ),
    )
  } else {
    await lock.release()
    say('released')
  }
}
if (isMainThread) createInterface({ input: process.stdin }).on('line', obey)
else parentPort.on('message', obey)
say('ready')
