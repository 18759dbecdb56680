/** What the view's address holds, and the searches that follow from it. */
import { familyOf } from '../../../../src/families/family.js'
import type { InitialisationScheme } from '../../../../src/search/initialisation.js'
import type { AlgorithmName } from '../../../../src/search/method-settings.js'
import { withDefaults } from '../../../../src/search/presets.js'
import { chooseSettings, type SearchSettings } from '../../../../src/search/settings.js'
import { choice, integer, real, seed, urlState } from '../../url-state.js'

/** Width of a head: every width that can be chosen is a multiple of it. */
const HEAD_WIDTH = 32

/** The paper's factor of queries and keys for heads of this width, (d / H)^(1/4). */
export const PAPER_SCALE = HEAD_WIDTH ** 0.25

/** Families that are offered, and the named model that each begins with; links without one mean GPT-2. */
export const families = ['gpt2', 'llama'] as const
const models = { gpt2: 'micro', llama: 'llama-micro' } as const

export const widths = ['32', '64', '96', '128'] as const
export const contexts = ['32', '64', '128'] as const

/**
 * The initialisations that are offered: two that learn fast at these sizes, one at which QK scaling helps, and the paper's; the
 * others of `slt search` show nothing else.
 */
export const schemes = [
  'signed-constant',
  'fan-in',
  'uniform',
  'gpt2',
] as const satisfies readonly InitialisationScheme[]

/** The methods that are offered: those that find plain masks and learn fast at these sizes. */
export const algorithms = ['annealed', 'edge-popup'] as const satisfies readonly AlgorithmName[]

/** What `slt search` begins with. */
const usual = withDefaults({ kind: 'search', model: models.gpt2 })

/** A default of `slt search` among what is offered here. @throws RangeError where it is not */
function offered<T extends string>(name: string, value: string, options: readonly T[]): T {
  const found = options.find((option) => option === value)
  if (found === undefined) throw new RangeError(`"${name}" expected ${options.join(', ')}, got ${value}`)
  return found
}

/** What may be chosen. Steps and sizes, and the rate that suits so few steps, learn visibly within half a minute in WebAssembly on two cores; the rest is as in `slt search`. */
export const address = urlState('search', {
  text: choice('shakespeare', ['shakespeare', 'own']),
  family: choice('gpt2', families),
  qk: choice('without', ['without', 'with', 'both']),
  scale: real(2.4, 0.2, 8),
  width: choice('64', widths),
  layers: integer(2, 1, 4),
  context: choice('64', contexts),
  keep: real(usual.keep, 0.05, 0.95),
  init: choice(offered('initialisation', usual.initialisation, schemes), schemes),
  algorithm: {
    ...choice(offered('algorithm', usual.algorithm, algorithms), algorithms),
    absent: 'edge-popup' as const, // links are older than the choice
  },
  steps: integer(1000, 10, 20_000),
  batch: integer(usual.batch, 1, 64),
  lr: real(0.004, 1e-5, 1),
  seed: seed(0n),
  device: choice('auto', ['auto', 'webgpu', 'wasm']),
  arithmetic: choice('auto', ['auto', 'float32', 'int8']),
})

export type Choices = { readonly [K in keyof typeof address.values]: (typeof address.values)[K]['value'] }

/** The choices as they are. */
export function currentChoices(): Choices {
  const entries = Object.entries(address.values).map(([name, signal]) => [name, signal.value])
  return Object.fromEntries(entries) as Choices
}

/** A search that is asked for, and what it is called beside another one. */
export interface AskedSearch {
  readonly title: string
  readonly settings: SearchSettings
  /** What the linear maps are to be computed in; `auto` is found out where the search runs. */
  readonly arithmetic: Choices['arithmetic']
}

/**
 * The searches of some choices, one or two that differ in the QK scale alone; what is not chosen is as in `slt search`.
 * @throws RangeError naming a setting
 */
export function askedSearches(choices: Choices): AskedSearch[] {
  const { qk, scale, arithmetic } = choices
  const without = { title: 'Without QK scaling', settings: settingsOf(choices, 1), arithmetic }
  const scaled = { title: `Queries and keys times ${scale}`, settings: settingsOf(choices, scale), arithmetic }
  return qk === 'both' ? [without, scaled] : [qk === 'with' ? scaled : without]
}

function settingsOf(choices: Choices, qkScale: number): SearchSettings {
  const { family, width, layers, context, keep, init, algorithm, steps, batch, lr, seed } = choices
  const settings = chooseSettings(
    {
      kind: 'search',
      model: models[family],
      width,
      heads: Number(width) / HEAD_WIDTH,
      layers,
      context: Number(context),
      keep,
      initialisation: init,
      algorithm,
      qkScale,
      steps,
      batch,
      learningRate: lr,
      seed,
    },
    { name: 'bytes', vocabulary: 256 },
  )
  const { config } = settings
  if (familyOf(config).cache(config).headWidth !== HEAD_WIDTH)
    throw new RangeError(`"width" expected a multiple of ${HEAD_WIDTH}`)
  return settings
}

/** The same search on the command line. */
export function commandOf({ settings, arithmetic }: AskedSearch, data: string): string {
  const { config, algorithm, keep, initialisation, qkScale, steps, batch, learningRate, seed } = settings
  const named = familyOf(config).name === 'llama' ? models.llama : models.gpt2
  const model = `--model ${named} --width ${config.width} --heads ${config.heads} --layers ${config.layers} --context ${config.positions}`
  const how = `--algorithm ${algorithm} --keep ${keep} --init ${initialisation} --qk-scale ${qkScale} --steps ${steps} --batch ${batch} --lr ${learningRate}`
  return `slt search --data ${data} ${model} ${how} --arithmetic ${arithmetic} --seed ${seed}`
}
