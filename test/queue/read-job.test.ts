import { describe, expect, test } from 'vitest'
import { createJob, type JobInput } from '../../src/queue/job.js'
import { readJob } from '../../src/queue/read-job.js'
import { parseSweepRecord, SWEEP_VERSION } from '../../src/queue/sweep-record.js'

const hash = 'a'.repeat(64)
const text: JobInput = { name: 'a.txt', isFolder: false, files: { 'a.txt': { sha256: hash, bytes: 3 } } }
const inputs = { data: text }
const needs = { bytes: 1e8, device: 'cpu' } as const
const job = createJob({ kind: 'eval', label: 'a run', request: {}, inputs, needs }, {})

test('a job comes through JSON as it was', () => {
  expect(readJob(JSON.parse(JSON.stringify(job)))).toEqual(job)
})

describe('what anybody may have put into a queue or a file', () => {
  const input = (changes: object) => ({ ...job, inputs: { data: { ...text, ...changes } } })
  test.each<[unknown, string]>([
    [null, '"job" expected an object, got null'],
    [{}, '"id" expected 64 hexadecimal digits, got nothing'],
    [{ ...job, id: '../../../etc/x' }, '"id" expected 64 hexadecimal digits, got "../../../etc/x"'],
    [{ ...job, kind: 'constructor' }, '"kind" expected nothing, search, prune, eval, matrix, got "constructor"'],
    [{ ...job, label: 7 }, '"label" expected a text, got 7'],
    [{ ...job, request: null }, '"request" expected an object, got null'],
    [{ ...job, inputs: undefined }, '"inputs" expected an object, got nothing'],
    [{ ...job, needs: { bytes: -1, device: 'cpu' } }, '"needs.bytes" expected a number >= 0, got -1'],
    [{ ...job, needs: { bytes: 1, device: 'tpu' } }, '"needs.device" expected cpu, webgpu, cuda, got "tpu"'],
    [input({ name: '../x' }), '"inputs.data.name" expected the name of a file or folder, got "../x"'],
    [input({ files: { 'b.txt': text.files['a.txt'] } }), '"inputs.data.files" expected the file a.txt alone'],
    [
      input({ isFolder: true, files: { '../b': text.files['a.txt'] } }),
      '"inputs.data.files" expected paths without "..", got "../b"',
    ],
    [
      input({ files: { 'a.txt': { sha256: '../../../../etc/passwd', bytes: 3 } } }),
      '"inputs.data.files.a.txt.sha256" expected 64 hexadecimal digits',
    ],
    [
      input({ files: { 'a.txt': { sha256: hash, bytes: -3 } } }),
      '"inputs.data.files.a.txt.bytes" expected an integer >= 0, got -3',
    ],
  ])('%j', (value, message) => {
    expect(() => readJob(value)).toThrow(message)
  })

  test('a label moves no cursor and breaks no line', () => {
    expect(readJob({ ...job, label: 'a\u001b[2J\u0007\nb' }).label).toBe('a [2J b')
  })

  test('the record of a sweep with such a job names its file', () => {
    const record = { version: SWEEP_VERSION, plan: { command: 'search' }, queue: null, store: 's', jobs: [{}] }
    expect(() => parseSweepRecord('x/sweep.json', JSON.stringify(record))).toThrow(
      'x/sweep.json: not the record of a sweep: "id" expected 64 hexadecimal digits, got nothing',
    )
  })
})
