import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forge, type Loose, mutate, refusal, replaceAt } from './forge.js'
import { encode, exampleContent, randomContent, smallConfig } from './searched-example.js'

const example = encode(exampleContent())
const learned = encode(randomContent(smallConfig, { norms: 'learned', redrawn: 3 }))

const matrix = (metadata: Loose, i = 0) => (metadata.matrices as Loose[])[i]
const search = (metadata: Loose) => metadata.search as Loose
const config = (metadata: Loose) => metadata.config as Loose

const cases: [string, (metadata: Loose) => void, RegExp][] = [
  ['an unknown version', (m) => (m.version = '5'), /format version "5" is unknown/],
  ['an unknown generator', (m) => (m.generator = { name: 'philox4x32-10', version: '2' }), /generator .* is unknown/],
  ['an unknown kind', (m) => (m.kind = 'searched-gpt3'), /"kind" expected pruned-gpt2, pruned-pairs, searched-gpt2/],
  ['the other kind', (m) => (m.kind = 'pruned-gpt2'), /"construction" expected an object/],
  ['a seed of 2^64', (m) => (m.seed = '18446744073709551616'), /"seed"/],
  ['no configuration', (m) => (m.config = null), /"config" expected an object/],
  [
    'a billion layers',
    (m) => (config(m).layers = 1e9),
    /"matrices" expected at least one for each of 1000000000 layers, got 8/,
  ],
  ['another width', (m) => (config(m).width = 3), /"wte.shape" expected \[5,3\], got \[5,2\]/],
  [
    'an activation that is no line',
    (m) => (config(m).activation = 'a\nb\u001b[2J'),
    /"activation" expected .* got a\?b\?/,
  ],
  ['norms of another kind', (m) => (m.norms = 'batch'), /"norms" expected plain, learned, got "batch"/],
  ['learned norms that are not there', (m) => (m.norms = 'learned'), /"dense" expected 6 tensors with learned norms/],
  ['an unknown tokenizer', (m) => (m.tokenizer = 'words'), /"tokenizer" expected bytes, gpt2, got "words"/],
  [
    'a tokenizer named as what every object has',
    (m) => (m.tokenizer = 'constructor'),
    /"tokenizer" expected bytes, gpt2/,
  ],
  ["a tokenizer that is not the model's", (m) => (m.tokenizer = 'gpt2'), /"vocabulary" expected 50257/],
  ['matrices that are no list', (m) => (m.matrices = {}), /expected lists/],
  ['a matrix that is null', (m) => (m.matrices = new Array(8).fill(null)), /"matrices" expected objects/],
  ['another name', (m) => (matrix(m).name = 'wpe'), /matrix 0 expected "wte", got "wpe"/],
  ['another shape', (m) => (matrix(m).shape = [2, 5]), /"wte.shape" expected \[5,2\], got \[2,5\]/],
  ['a stream used twice', (m) => (matrix(m).stream = 1), /stream "1" is used twice/],
  [
    'a stream of another generation',
    (m) => (matrix(m).stream = 2 ** 20),
    /"wte.stream" expected an integer from 0 to 1048575/,
  ],
  ['an unknown initialisation', (m) => (matrix(m).init = { kind: 'cauchy' }), /"init" expected/],
  ['no initialisation', (m) => (matrix(m).init = null), /"wte.init" expected an initialisation/],
  ['a scale of zero', (m) => (matrix(m).init = { kind: 'normal', std: 0 }), /expected a finite normal scale > 0/],
  [
    'a huge scale',
    (m) => (matrix(m).init = { kind: 'normal', std: 1e30 }),
    /"wte.init" expected a scale of at most 2\^32/,
  ],
  ['more kept than there are', (m) => (matrix(m).kept = 11), /"wte.kept" expected an integer from 0 to 10/],
  ['fewer kept than the mask', (m) => (matrix(m).kept = 5), /"wte.mask" expected 5 kept weights, got 6/],
  ['more kept than the mask', (m) => (matrix(m).kept = 7), /"wte.mask" expected 7 kept weights, got 6/],
  ['too many generations', (m) => (matrix(m).generations = 256), /"wte.generations" expected an integer from 0 to 255/],
  ['generations that are not there', (m) => (matrix(m).generations = 1), /expected 10 tensors, got 9/],
  ['more generations than there are', (m) => (matrix(m, 4).generations = 7), /expected generations up to 7, got 5/],
  [
    'fewer generations than there are',
    (m) => (matrix(m, 4).generations = 4),
    /"h.0.attn.v.generation" expected generations up to 4, got 5/,
  ],
  [
    'generations of more bits',
    (m) => (matrix(m, 4).generations = 8),
    /"h.0.attn.v.generation" expected generations up to 8, got 4/,
  ],
  ['a summary that is no object', (m) => (m.search = 'long'), /"search" expected an object with a corpus, or null/],
  ['a summary without corpus', (m) => (search(m).corpus = null), /"search" expected an object with a corpus/],
  ['an algorithm in two words', (m) => (search(m).algorithm = 'edge popup'), /"search.algorithm" expected a word/],
  ['keep 0', (m) => (search(m).keep = 0), /"search.keep" expected 0 < keep <= 1, got 0/],
  ['a loss as text', (m) => (search(m).validLoss = '1'), /"search.validLoss" expected a finite number or null/],
  ['half a step', (m) => (search(m).steps = 0.5), /"search.steps" expected an integer >= 0/],
  [
    'a corpus with a colour',
    (m) => ((search(m).corpus as Loose).name = '\u001b[31m'),
    /"search.corpus.name" expected 1 to 200 printable/,
  ],
  ['a short digest', (m) => ((search(m).corpus as Loose).sha256 = 'ab'), /"search.corpus.sha256" expected 64/],
  [
    'a probe with a token too many',
    (m) => (m.probe = { tokens: [5], logits: [1], tolerance: 1 }),
    /"probe.tokens" expected an integer from 0 to 4/,
  ],
  [
    'a probe longer than the context',
    (m) => (m.probe = { tokens: [1, 1, 1], logits: [1], tolerance: 1 }),
    /no more tokens than positions/,
  ],
]

describe('refused in one line', () => {
  test.each(cases)('%s', async (_, change, message) => {
    expect(await refusal(await forge(example, change))).toMatch(message)
  })
  test('bits past the end of a mask, and of generations', async () => {
    const set = (name: string, at: number, bit: number) =>
      forge(
        example,
        () => {},
        (tensors) => (tensors.get(name)![at] |= bit),
      )
    expect(await refusal(await set('wte.mask', 1, 4))).toBe('x: "wte.mask" expected zero bits past its end')
    expect(await refusal(await set('h.0.attn.v.generation', 1, 2))).toBe(
      'x: "h.0.attn.v.generation" expected zero bits past its end',
    )
  })
  test('a norm that is not finite, and norms in another order', async () => {
    const nan = await forge(
      learned,
      () => {},
      (tensors) => tensors.get('ln_f.bias')!.set([0, 0, 0xc0, 0x7f], 4),
    )
    expect(await refusal(nan)).toBe('x: "ln_f.bias" holds NaN at index 1')
    const turned = await forge(learned, (m) => (m.dense as Loose[]).reverse())
    expect(await refusal(turned)).toMatch(/dense tensor 0 expected "h.0.ln_1.weight" \[2\], got "ln_f.bias" \[2\]/)
  })
})

test('unchanged forgeries are read (so the cases above fail for their own reason)', async () => {
  expect(await refusal(await forge(example, () => {}))).toBe('')
  expect(await refusal(await forge(learned, () => {}))).toBe('')
  expect(await refusal(await forge(example, (m) => Object.assign(m, { search: null, probe: null, more: 1 })))).toBe('')
})

test('every single changed byte of the data and of the metadata is noticed', async () => {
  const dataOffset = 8 + Number(new DataView(example.buffer).getBigUint64(0, true))
  const text = new TextDecoder().decode(example.subarray(8, dataOffset)).trimEnd()
  const [from, to] = [text.indexOf('"slt":'), text.indexOf('"slt.sha256"')]
  for (let at = 0; at < example.length; at++) {
    const isHeader = at >= 8 && at < dataOffset
    if (isHeader && (at < 8 + from || at > 8 + to + 80)) continue
    expect(await refusal(example.with(at, example[at] ^ 1))).not.toBe('')
  }
})

test('3,000 mutated tickets are read or refused, never worse', async () => {
  const mutation = fc.record({ at: fc.nat(), to: fc.nat(255), kind: fc.constantFrom('set', 'cut', 'drop', 'double') })
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), fc.boolean(), async (mutations, which) => {
      await refusal(mutate(which ? example : learned, mutations))
    }),
    { seed: 5, numRuns: 3_000 },
  )
})

test('4,000 forged metadata are read or refused, never worse', async () => {
  const path = fc.array(fc.nat(), { minLength: 1, maxLength: 4 })
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(0, -1, 0.5, 2, 256, 2 ** 31, 2 ** 53, 1e300, null, '', true))
  await fc.assert(
    fc.asyncProperty(path, value, fc.boolean(), async (steps, replacement, which) => {
      await refusal(await forge(which ? example : learned, (metadata) => replaceAt(metadata, steps, replacement)))
    }),
    { seed: 6, numRuns: 4_000 },
  )
})
