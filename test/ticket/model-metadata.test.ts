import { expect, test } from 'vitest'
import { gpt2Shapes } from '../../src/families/gpt2/config.js'
import { pairPlans } from '../../src/families/pair-plan.js'
import { metadataOf } from '../../src/ticket/format.js'
import { keptDense, type PairSpec, type Probe } from '../../src/ticket/index.js'
import { assertMetadata } from '../../src/ticket/metadata.js'
import { report } from './example.js'

const config = gpt2Shapes['gpt2-nano-sort']
const init = { kind: 'uniform', range: 1 } as const
const pairs = pairPlans(config, { attention: 'merged', dense: 'embeddings' }).map(
  ({ name, inputs, outputs }, i): PairSpec => ({
    name,
    inputs,
    outputs,
    hidden: inputs,
    activation: 'linear',
    divisor: 1,
    first: { stream: 2 * i, init },
    second: { stream: 2 * i + 1, init },
  }),
)
const sound: Probe = { tokens: [0, 1, 2], logits: [0.5, 0, -0.5], tolerance: 1e-3 }

function check({ probe = sound, specs = pairs }: { probe?: Probe; specs?: PairSpec[] }): void {
  const construction = { items: 1, scale: 'auto', method: 'plain' } as const
  const plan = { seed: 1n, config, pairs: specs, dense: keptDense(config, construction), construction }
  const reports = specs.map(() => report)
  assertMetadata(metadataOf(plan, reports, probe))
}

test('a model with linear pairs and a probe that it can run is sound', () => {
  expect(() => check({})).not.toThrow()
})

test('a pair with a ReLU between is no part of a model', () => {
  const specs = pairs.map((spec, i): PairSpec => (i === 3 ? { ...spec, activation: 'relu' } : spec))
  expect(() => check({ specs })).toThrow(`pair "${pairs[3].name}" expected the activation linear`)
})

test('a probe that the model cannot run is refused', () => {
  expect(() => check({ probe: { ...sound, tokens: [0, 3] } })).toThrow('"probe.tokens" expected an integer from 0 to 2')
  expect(() => check({ probe: { ...sound, tokens: new Array(12).fill(0) } })).toThrow('no more tokens than positions')
  expect(() => check({ probe: { ...sound, logits: [1, 2, 3, 4] } })).toThrow('no more logits than the vocabulary')
})
