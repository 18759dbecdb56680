import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatRunRecord, parseRunRecord } from '../../src/files/run-record.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { openModelSource } from '../../src/jobs/model-source.js'
import { type SearchRequest, search } from '../../src/jobs/search.js'
import { fingerprintOf } from '../../src/search/fingerprint.js'
import type { SettingsChoice } from '../../src/search/settings.js'
import { rowsOf, smallRun, stepsOf, writeText } from './small-run.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-search-'))
  writeText(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

const STEPS = 24
const all = Array.from({ length: STEPS }, (_, i) => i + 1)

/** Starts the run, or goes on with it, and interrupts it after a step. */
async function interruptAfter(step: number, request: SearchRequest): Promise<void> {
  const controller = new AbortController()
  const onStep = (row: { step: number }) => row.step === step && controller.abort(new Error('interrupted'))
  await expect(search({ ...request, signal: controller.signal, onStep })).rejects.toThrow('interrupted')
}

const variants: Record<string, Partial<SettingsChoice> & { kind?: 'train' }> = {
  'edge-popup': {},
  'edge-popup with learned norms and a global threshold': { norms: 'learned', selection: 'global', untied: true },
  iterand: { algorithm: 'iterand', redrawEvery: 4, redrawRate: 0.5 },
  'dense training': { kind: 'train' },
  'in micro-batches': { microBatch: 2 },
  'drawn masks, gains and learned scales': { algorithm: 'sampled', norms: 'gains', scales: 'learned' },
  'soft masks, tables of 4 bits and a shared row': {
    algorithm: 'annealed',
    embeddings: { bits: 4 },
    unusedRows: 'share',
    clip: 0.5,
  },
  'levels and dropped rows': { algorithm: 'levels', levels: '2', unusedRows: 'drop' },
  'soft levels': { algorithm: 'levels', softness: 0.5, anneal: 0.5 },
}

describe.each(Object.entries(variants))('%s', (name, { kind = 'search' as const, ...changes }) => {
  const request = (label: string): SearchRequest => {
    const run = smallRun(folder, { kind, out: join(folder, `${name}-${label}.safetensors`) })
    return { ...run, choice: { ...run.choice, ...changes } }
  }

  test('interrupted anywhere and resumed, it ends as if it had not been, byte for byte', async () => {
    const whole = request('whole')
    const report = await search(whole)
    expect(stepsOf(report.run)).toEqual(all)
    for (const steps of name === 'edge-popup' ? [[1], [5, 6], [23]] : [[6, 13]]) {
      const parts = request(`at ${steps}`)
      await interruptAfter(steps[0], parts)
      const { choice: _, data: __, ...rest } = parts
      const resumed = { ...rest, choice: {}, resume: `${parts.out}.run`, out: undefined }
      for (const step of steps.slice(1)) await interruptAfter(step, resumed)
      const from: number[] = []
      const end = await search({ ...resumed, onStart: (start) => from.push(start.from) })
      expect(from).toEqual([steps.at(-1)])
      expect(readFileSync(parts.out!).equals(readFileSync(whole.out!)), `at ${steps}`).toBe(true)
      expect(end.validLoss).toBe(report.validLoss)
      expect(stepsOf(end.run)).toEqual(all)
    }
  })
})

test('validations and texts on the way leave the ticket as it is; interrupted, the logs have them all', async () => {
  const cadence = { validateEvery: 3, sampleEvery: 6, checkpointEvery: 0, checkpointSeconds: 0, validWindows: 8 }
  const run = smallRun(folder, { out: join(folder, 'watched.safetensors'), cadence })
  await interruptAfter(7, run)
  const resumed = {
    ...smallRun(folder),
    choice: {},
    cadence,
    data: undefined,
    out: undefined,
    resume: `${run.out}.run`,
  }
  const controller = new AbortController()
  const stop = () => controller.abort(new Error('interrupted'))
  const onSample = (step: number) => step === 12 && stop() // the row of its step is written by then
  await expect(search({ ...resumed, signal: controller.signal, onSample })).rejects.toThrow('interrupted')
  const report = await search(resumed)
  const validated = rowsOf(report.run).filter(({ validLoss }) => validLoss !== undefined)
  expect(validated.map(({ step }) => step)).toEqual([3, 6, 9, 12, 15, 18, 21])
  expect(readFileSync(join(report.run, 'samples.txt'), 'utf8').match(/^== step \d+$/gm)).toEqual(
    [6, 12, 18, 24].map((step) => `== step ${step}`),
  )
  const [one, other] = ['watched', 'edge-popup-whole'].map((name) => readFileSync(join(folder, `${name}.safetensors`)))
  expect(one.equals(other)).toBe(true)
})

test('another seed gives another result', async () => {
  const run = smallRun(folder, { out: join(folder, 'seed.safetensors') })
  await search({ ...run, choice: { ...run.choice, seed: 4n } })
  const [one, other] = ['seed', 'edge-popup-whole'].map((name) => readFileSync(join(folder, `${name}.safetensors`)))
  expect(one.length).toBeGreaterThan(0)
  expect(one.equals(other)).toBe(false)
})

describe('going on', () => {
  const out = () => join(folder, 'on.slt.safetensors')
  const resumed = (changes: Partial<SearchRequest> = {}) =>
    smallRun(folder, { choice: {}, data: undefined, out: undefined, resume: `${out()}.run`, ...changes })
  beforeAll(async () => {
    await interruptAfter(12, smallRun(folder, { out: out() }))
    await expect(openModelSource(`${out()}.run`)).rejects.toThrow(
      /not a model; it is not finished \(--resume .* goes on\)$/,
    )
  })

  test('a torn newest checkpoint: from the one before it, with a warning, to the same end', async () => {
    const copy = join(folder, 'torn.run')
    cpSync(`${out()}.run`, copy, { recursive: true })
    truncateSync(join(copy, 'checkpoint.safetensors'), 5000)
    const notes: string[] = []
    const from: number[] = []
    await search(
      resumed({
        resume: copy,
        out: join(folder, 'torn.slt.safetensors'),
        onNote: (line) => notes.push(line),
        onStart: (start) => from.push(start.from),
      }),
    )
    expect(from).toEqual([10])
    expect(notes).toEqual([
      expect.stringMatching(/^read: 1 file, [\d,]+ bytes, [\d,]+ tokens; the first/),
      expect.stringMatching(/checkpoint\.safetensors: .*going on from the checkpoint before it, step 10/),
    ])
    expect(stepsOf(copy)).toEqual(all)
    const ends = ['torn.slt', 'edge-popup-whole'].map((name) => readFileSync(join(folder, `${name}.safetensors`)))
    expect(ends[0].equals(ends[1])).toBe(true)
  })

  test('other settings are refused, and the difference is said; the same ones are not', async () => {
    await expect(search(resumed({ choice: { keep: 0.5, seed: 9n } }))).rejects.toThrow(
      /is a run of another configuration: --keep is 0\.3 there, 0\.5 here; --seed is 3 there, 9 here \(this cannot change on resuming: leave it out, or start anew with another --out\)$/,
    )
    await expect(search(resumed({ kind: 'train' }))).rejects.toThrow(/is a run of slt search$/)
    await expect(search(resumed({ tokenizer: 'gpt2' }))).rejects.toThrow(/--tokenizer is bytes there, gpt2 here/)
    const onStart = () => {
      throw new Error('started')
    }
    const same = resumed({ choice: { keep: 0.3, steps: STEPS, seed: 3n }, onStart })
    await expect(search(same)).rejects.toThrow('started')
  })

  test('another model is refused, by name or by a factor; the same one is not', async () => {
    const refuse = (choice: SearchRequest['choice'], message: RegExp) =>
      expect(search(resumed({ choice }))).rejects.toThrow(message)
    const differs = /another configuration: .*--layers is 2 there, 12 here/
    await refuse({ model: 'small' }, differs)
    await refuse({ width: 'x2' }, /^"width" expected a number, or --model beside it, where a run goes on, got x2$/)
    await refuse({ model: 'micro', layers: 2, heads: 2, context: 16, width: 'x0.5' }, /--width is 32 there, 64 here/)
    const onStart = () => {
      throw new Error('started')
    }
    const same = { model: 'micro', layers: 2, heads: 2, context: 16, width: 'x0.25' } as const
    await expect(search(resumed({ choice: same, onStart }))).rejects.toThrow('started')
  })

  test('neither another folder nor a new start goes with it', async () => {
    await expect(search(resumed({ run: join(folder, 'b.run') }))).rejects.toThrow(/^"run" expected nothing beside --re/)
    await expect(search(resumed({ force: true }))).rejects.toThrow(/^"force" expected nothing to resume/)
  })

  test('a record whose settings were changed by hand is refused', async () => {
    const copy = join(folder, 'edited.run')
    cpSync(`${out()}.run`, copy, { recursive: true })
    const record = readFileSync(join(copy, 'run.json'), 'utf8')
    writeFileSync(join(copy, 'run.json'), record.replace('"keep": 0.3', '"keep": 0.4'))
    await expect(search(resumed({ resume: copy }))).rejects.toThrow(
      /run\.json: not the record of a run: "identity" does not match its fingerprint: the settings or the corpus/,
    )
  })

  test('a run that was begun with settings that are refused today goes on', async () => {
    const copy = join(folder, 'older.run')
    cpSync(`${out()}.run`, copy, { recursive: true })
    for (const name of readdirSync(copy)) if (name.startsWith('checkpoint')) rmSync(join(copy, name))
    const record = parseRunRecord('run.json', readFileSync(join(copy, 'run.json'), 'utf8'))
    const identity = { ...record.identity, settings: { ...record.identity.settings, keep: 1, qkScale: 2 ** 36 } }
    const write = (changed: typeof identity) => {
      const fingerprint = fingerprintOf(nodeSha256, changed)
      writeFileSync(join(copy, 'run.json'), formatRunRecord({ ...record, identity: changed, fingerprint }))
    }
    // Its ticket could never be written: that is said at once.
    write(identity)
    await expect(search(resumed({ resume: copy }))).rejects.toThrow(/"h\.0\.attn\.q\.init" expected a scale of at most/)
    write({ ...identity, settings: { ...identity.settings, qkScale: 1 } })
    const { keptFraction } = await search(
      resumed({ resume: copy, choice: { keep: 1 }, out: join(folder, 'older.slt.safetensors') }),
    )
    expect(keptFraction).toBe(1)
  })

  test('a text that was moved: the ticket keeps the name that the run began with', async () => {
    const copy = join(folder, 'moved.run')
    cpSync(`${out()}.run`, copy, { recursive: true })
    const data = join(folder, 'renamed.txt')
    cpSync(join(folder, 'words.txt'), data)
    await search(resumed({ resume: copy, data, out: join(folder, 'moved.safetensors') }))
    const ends = ['moved', 'edge-popup-whole'].map((name) => readFileSync(join(folder, `${name}.safetensors`)))
    expect(ends[0].equals(ends[1])).toBe(true)
  })

  test('a checkpoint of another run in its folder is refused', async () => {
    const copy = join(folder, 'mixed.run')
    cpSync(`${out()}.run`, copy, { recursive: true })
    const other = smallRun(folder, { out: join(folder, 'other.slt.safetensors') })
    await search({ ...other, choice: { ...other.choice, keep: 0.5 } })
    cpSync(join(`${other.out}.run`, 'checkpoint.safetensors'), join(copy, 'checkpoint.safetensors'))
    await expect(search(resumed({ resume: copy }))).rejects.toThrow(
      /holds a checkpoint of another configuration: --keep is 0\.5 there, 0\.3 here; the same command with --force instead of --resume starts anew$/,
    )
  })

  test('another text is refused', async () => {
    const text = join(folder, 'changed.txt')
    writeFileSync(text, `${readFileSync(join(folder, 'words.txt'), 'utf8')}!`)
    await expect(search(resumed({ data: text }))).rejects.toThrow(
      /\.run: the text is not the one that the run began with \(changed: changed\.txt\): restore it, or start anew with --data and --force or another --out$/,
    )
    await expect(search(smallRun(folder, { data: text, out: out() }))).rejects.toThrow(
      /\.run: holds a run of another text \(changed: changed\.txt\); start anew with --force or another --out$/,
    )
    const words = readFileSync(join(folder, 'words.txt'))
    try {
      cpSync(text, join(folder, 'words.txt'))
      await expect(search(resumed())).rejects.toThrow(
        /the text has changed since the run began \(changed: words\.txt\)/,
      )
    } finally {
      writeFileSync(join(folder, 'words.txt'), words)
    }
  })

  test('a new run does not take the place of one, unless it is told to', async () => {
    await expect(search(smallRun(folder, { out: out() }))).rejects.toThrow(
      /this run has begun already; go on with --resume .*on\.slt\.safetensors\.run, or start anew with --force$/,
    )
    const other = smallRun(folder, { out: out() })
    await expect(search({ ...other, choice: { ...other.choice, keep: 0.4 } })).rejects.toThrow(
      /another configuration \(--keep is 0\.3 there, 0\.4 here\)/,
    )
    const { from } = await search(smallRun(folder, { out: out(), force: true }))
    expect(from).toBe(0)
    expect(stepsOf(`${out()}.run`)).toEqual(all)
    await expect(search(smallRun(folder, { out: out() }))).rejects.toThrow(
      `this run is finished, its result is ${out()}; start anew with --force or another --out`,
    )
    const run = `${out()}.run`
    await expect(openModelSource(run)).rejects.toThrow(
      `${run}: is the folder of a run, not a model; its result is ${out()}`,
    )
    await expect(search(resumed({ resume: out() }))).rejects.toThrow(
      `${out()}: not the folder of a run (no run.json in it); ${out()}.run is one`,
    )
  })

  test('a file that is no result of the run stays; its own result is written again', async () => {
    const own = readFileSync(out())
    const foreign = join(folder, 'foreign.safetensors')
    writeFileSync(foreign, 'mine')
    await expect(search(resumed({ out: foreign }))).rejects.toThrow(
      `${foreign}: is there already (and is no result of this run: name another file with --out)`,
    )
    expect(readFileSync(foreign, 'utf8')).toBe('mine')
    const other = smallRun(folder, { out: join(folder, 'other-seed.slt.safetensors') })
    await search({ ...other, choice: { ...other.choice, steps: 2, seed: 4n } })
    await expect(search(resumed({ out: other.out }))).rejects.toThrow('no result of this run')
    await search(resumed({ out: out() }))
    expect(readFileSync(out()).equals(own)).toBe(true)
  })

  test('a dense model names its run by itself', async () => {
    const dense = smallRun(folder, { kind: 'train', out: join(folder, 'd.dense.safetensors') })
    await search({ ...dense, choice: { ...dense.choice, steps: 2 } })
    const own = readFileSync(dense.out!)
    const again = { ...dense, choice: {}, data: undefined, resume: `${dense.out}.run` }
    await search(again)
    expect(readFileSync(dense.out!).equals(own)).toBe(true)
    const ticket = join(folder, 'edge-popup-whole.safetensors')
    await expect(search({ ...again, out: ticket })).rejects.toThrow('no result of this run')
  })

  test('a new run takes no file and no folder that something else is in', async () => {
    const taken = join(folder, 'taken.slt.safetensors')
    const run = join(folder, 'notes')
    writeFileSync(taken, 'mine')
    mkdirSync(run)
    // A folder without a run says nothing about the file.
    await expect(search(smallRun(folder, { out: taken, run }))).rejects.toThrow(
      /is there already \(--force replaces it\)$/,
    )
    writeFileSync(join(run, 'metrics.jsonl'), 'mine')
    await expect(search(smallRun(folder, { run, out: join(folder, 'free') }))).rejects.toThrow(
      `${run}: holds metrics.jsonl, but no run (--force replaces it, --run names another folder)`,
    )
    expect(readFileSync(taken, 'utf8') + readFileSync(join(run, 'metrics.jsonl'), 'utf8')).toBe('minemine')
  })

  test('steps of a run that was killed before its first checkpoint stay, unless the settings are the same', async () => {
    const copy = join(folder, 'early.run')
    cpSync(`${out()}.run`, copy, { recursive: true })
    for (const name of ['checkpoint.safetensors', 'checkpoint.previous.safetensors']) rmSync(join(copy, name))
    const early = smallRun(folder, { run: copy, out: join(folder, 'early.slt.safetensors') })
    await expect(search({ ...early, choice: { ...early.choice, keep: 0.4 } })).rejects.toThrow(
      /keep is 0\.3 there, 0\.4/,
    )
    expect(stepsOf(copy)).toEqual(all)
    await search(early)
    expect(stepsOf(copy)).toEqual(all)
  })

  test('a finished run ends at once with the same result', async () => {
    const before = readFileSync(out())
    rmSync(out())
    const { from } = await search(resumed())
    expect(from).toBe(STEPS)
    expect(readFileSync(out()).equals(before)).toBe(true)
  })
})
