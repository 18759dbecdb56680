import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sweepJobs } from '../../src/cli/sweep-jobs.js'
import { exportModel } from '../../src/jobs/export-model.js'
import { type SearchReport, type SearchRequest, search } from '../../src/jobs/search.js'
import { openStore } from '../../src/queue/open-store.js'
import { runHere } from '../../src/queue/run-here.js'
import { readPlan, runsOf } from '../../src/queue/sweep.js'
import { followSweep } from '../../src/queue/sweep-state.js'
import type { SettingsChoice } from '../../src/search/settings.js'
import { hasExactIntegers } from '../exact-integers.js'
import { rowsOf, smallRun, writeText } from '../search/small-run.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-teacher-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string) => join(folder, name)
const repository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const trained = at('teacher.dense.safetensors')

/** A run of 24 steps, with some changes. */
function run(name: string, changes: Partial<SettingsChoice> = {}, more: Partial<SearchRequest> = {}): SearchRequest {
  const base = smallRun(folder, { out: at(`${name}.safetensors`), ...more })
  return { ...base, choice: { ...base.choice, ...changes } }
}

let teacher: SearchReport
beforeAll(async () => {
  writeText(folder)
  // Wider, and with a longer context than its students.
  const choice = { width: '48', heads: 3, context: 24, seed: 9n }
  teacher = await search(run('teacher', choice, { kind: 'train', out: trained }))
})

const teacherHash = ({ settings }: SearchReport) => settings.teacher
const ofRun = (name: string) => at(`${name}.safetensors.run`)

describe('a run with a teacher', () => {
  let report: SearchReport
  beforeAll(async () => {
    report = await search(run('taught', {}, { teacher: `${trained}.run` })) // by the folder of its run
  })

  test('goes elsewhere than one without, tells the distance, and what the teacher cost', async () => {
    const alone = await search(run('alone'))
    expect(report.settings).toMatchObject({ teacherWeight: 0.5, temperature: 1 })
    expect(report.validLoss).not.toBe(alone.validLoss)
    const [rows, others] = [rowsOf(report.run), rowsOf(alone.run)]
    expect(rows[0].loss).toBe(others[0].loss) // the logged loss is the cross-entropy
    expect(rows.every(({ kl }) => kl! > 0)).toBe(true)
    expect(others.every(({ kl }) => kl === undefined)).toBe(true)
    expect(report.teacher).toMatchObject({ path: trained, trainingTokens: 24 * 4 * 24 })
    expect(report.teacher!.parameters).toBeGreaterThan(teacher.weights) // its norms and biases count
    expect(report.teacher!.seconds).toBeGreaterThan(0)
    expect(report.teacher!.share).toBeLessThan(1)
    expect(report.split.teacher).toBeCloseTo(report.teacher!.seconds, 9)
    const { share: _, ...recorded } = report.teacher!
    expect(JSON.parse(readFileSync(join(report.run, 'run.json'), 'utf8')).teacher).toEqual(recorded)
    expect(alone.teacher).toBeUndefined()
  })

  test('interrupted and resumed by its record alone it ends with the same bytes', async () => {
    const controller = new AbortController()
    const onStep = ({ step }: { step: number }) => step === 7 && controller.abort(new Error('interrupted'))
    const request = run('parts', {}, { teacher: trained, signal: controller.signal, onStep })
    await expect(search(request)).rejects.toThrow('interrupted')
    const end = await search({ kind: 'search', choice: {}, resume: ofRun('parts'), threads: 1, device: 'cpu' })
    expect(readFileSync(at('parts.safetensors')).equals(readFileSync(at('taught.safetensors')))).toBe(true)
    expect(rowsOf(end.run).map(({ kl }) => kl)).toEqual(rowsOf(report.run).map(({ kl }) => kl))
  })

  test('is not resumed with another teacher, another weight or none that it knows', async () => {
    const resumed = (more: Partial<SearchRequest>): SearchRequest => ({
      ...{ kind: 'search', choice: {}, resume: ofRun('taught'), threads: 1, device: 'cpu' as const },
      ...more,
    })
    await expect(search(resumed({ teacher: at('alone.safetensors') }))).rejects.toThrow(
      /--teacher is [0-9a-f]{8} there, [0-9a-f]{8} here/,
    )
    await expect(search(resumed({ choice: { teacherWeight: 0.25 } }))).rejects.toThrow(
      '--teacher-weight is 0.5 there, 0.25 here',
    )
    await expect(search({ ...resumed({ teacher: trained }), resume: ofRun('alone') })).rejects.toThrow(
      /--teacher is absent there, [0-9a-f]{8} here/,
    )
    copyFileSync(trained, at('moving.safetensors'))
    await search(run('moving-run', {}, { teacher: at('moving.safetensors') }))
    copyFileSync(at('alone.safetensors'), at('moving.safetensors'))
    await expect(search({ ...resumed({}), resume: ofRun('moving-run') })).rejects.toThrow(
      /the teacher, .*moving\.safetensors, has changed since the run began: restore it/,
    )
    await search({ ...resumed({ teacher: trained }), resume: ofRun('moving-run') }) // the same content elsewhere
  })

  test('one model is one teacher, in whatever file it lies', async () => {
    await exportModel({ source: trained, to: 'huggingface', out: at('exported') })
    const notes: string[] = []
    const other = await search(run('exported', {}, { teacher: at('exported'), onNote: (line) => notes.push(line) }))
    expect(notes.filter((line) => line.includes('tokenizer'))).toEqual([])
    expect(other.validLoss).toBe(report.validLoss)
  })

  test('a ticket teaches a dense training, micro-batch by micro-batch', async () => {
    const choice = { teacherWeight: 0.3, temperature: 2 }
    const whole = await search(run('whole', choice, { kind: 'train', teacher: at('taught.safetensors') }))
    const parts = await search(
      run('split', { ...choice, microBatch: 2 }, { kind: 'train', teacher: at('taught.safetensors') }),
    )
    expect(teacherHash(whole)).toBe(teacherHash(parts))
    expect(parts.validLoss).toBeCloseTo(whole.validLoss, 4)
    for (const [i, { kl }] of rowsOf(parts.run).entries()) expect(kl).toBeCloseTo(rowsOf(whole.run)[i].kl!, 4)
    expect(whole.teacher!.trainingTokens).toBe(24 * 4 * 16)
  })

  test.runIf(hasExactIntegers)('its teacher is float32 where its own linear maps are int8', async () => {
    const integers = await search(run('integers', { arithmetic: 'int8' }, { teacher: trained }))
    expect(teacherHash(integers)).toBe(teacherHash(report))
    expect(rowsOf(integers.run)[0].kl).toBeCloseTo(rowsOf(report.run)[0].kl!, 1)
  })
})

test('a pruned ticket teaches what its target does, through its masks', async () => {
  const sort = (name: string, path: string) => {
    const { data: _, ...request } = run(name, {}, { teacher: repository(path) })
    const sizes = { layers: 1, width: '16', heads: 2, batch: 2, steps: 2 }
    return search({ ...request, choice: { ...sizes, task: { name: 'sort', letters: 3, length: 6 } } })
  }
  const [pruned, target] = [
    await sort('from-pruned', 'examples/pruned-sorter/sorter.slt.safetensors'),
    await sort('from-target', 'data/gpt-nano-sort'),
  ]
  expect(teacherHash(pruned)).not.toBe(teacherHash(target))
  expect(rowsOf(pruned.run)[0].kl).toBeGreaterThan(0.5)
  expect(rowsOf(pruned.run)[0].kl).toBeCloseTo(rowsOf(target.run)[0].kl!, 2)
})

test('what cannot teach is refused before anything is written', async () => {
  const bert = at('bert.safetensors')
  await search(run('bert', { model: 'bert-micro', heads: 2, steps: 2 }, { kind: 'train', out: bert }))
  const refused = (changes: Partial<SettingsChoice>, path: string | undefined) =>
    expect(search(run('no', changes, { teacher: path }))).rejects
  await refused({ context: 32 }, trained).toThrow('"teacher" expected a context of at least 32 tokens, got one of 24')
  await refused({}, bert).toThrow(
    '"teacher" expected a model that predicts the next token, as a GPT-2 does, got a BERT, which predicts hidden tokens',
  )
  await refused({ model: 'bert-micro' }, repository('test/vectors/families/bert')).toThrow(
    '"teacher" expected an encoder that slt search or slt train made, got a BERT whose head for hidden tokens is not read',
  )
  await refused({}, repository('data/gpt-nano-sort')).toThrow(
    '"teacher" expected the 256 tokens of the run, got a model of 3',
  )
  await refused({}, at('nowhere')).toThrow(/nowhere: no such file or folder/)
  await refused({ teacherWeight: 1.5 }, trained).toThrow('"teacher-weight" expected 0 < weight <= 1, got 1.5')
  await refused({ temperature: 2 }, undefined).toThrow('"temperature" expected --teacher beside it, got 2')
  await refused({ teacher: '0'.repeat(64) }, trained).toThrow(/holds another model \([0-9a-f]{8}\) than is asked for/)
  expect(() => readFileSync(join(ofRun('no'), 'run.json'))).toThrow('ENOENT')
  const controller = new AbortController()
  const onStep = () => controller.abort(new Error('interrupted'))
  const unfinished = run('unfinished', { steps: 4 }, { signal: controller.signal, onStep })
  await expect(search(unfinished)).rejects.toThrow('interrupted')
  await refused({}, ofRun('unfinished')).toThrow('this run is not finished, its result is not there')
})

test('a sweep names a teacher by its content, and brings it along', async () => {
  const store = await openStore(at('store'))
  const { signal } = new AbortController()
  const options = { data: at('words.txt'), layers: 1, width: 16, heads: 1, context: 8, batch: 2, steps: 2 }
  const jobsOf = (teachers: string[]) => {
    const plan = readPlan({ command: 'search', options, grid: { teacher: teachers } })
    const place = { store, threads: 1, device: 'cpu' as const, models: false, signal, onNote: () => {} }
    return sweepJobs(plan, runsOf(plan), place).then((jobs) => ({ plan, jobs }))
  }
  copyFileSync(trained, at('copy.safetensors'))
  const { plan, jobs } = await jobsOf([trained, at('copy.safetensors'), at('alone.safetensors')])
  expect(jobs[1].id).toBe(jobs[0].id)
  expect(jobs[2].id).not.toBe(jobs[0].id)
  const state = followSweep(runsOf(plan), jobs, () => {})
  await runHere(jobs, { ...state.events, store, scratch: at('scratch'), slots: 2, memory: 2e9, signal })
  expect(state.runs.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined])
  expect(state.runs[0].numbers?.validLoss).not.toBe(state.runs[2].numbers?.validLoss)
  const started = readPlan({
    command: 'search',
    options: { ...options, start: `${trained}.run` },
    grid: { context: [24] },
  })
  const sized = { ...options, layers: 2, width: 48, heads: 3, context: 24 }
  const other = readPlan({ command: 'search', options: sized, grid: { start: [trained, at('copy.safetensors')] } })
  const place = { store, threads: 1, device: 'cpu' as const, models: false, signal, onNote: () => {} }
  await expect(sweepJobs(started, runsOf(started), place)).rejects.toThrow(
    '"start" expected the configuration of the run',
  )
  const [one, same] = await sweepJobs(other, runsOf(other), place)
  expect(same.id).toBe(one.id)
  expect(Object.keys(one.inputs).sort()).toEqual(['data', 'start'])
  writeFileSync(at('no-model.safetensors'), 'nothing')
  await expect(jobsOf([at('no-model.safetensors')])).rejects.toThrow(/no-model\.safetensors: /)
})
