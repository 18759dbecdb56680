/** The random network of a ticket, for a search of another mask on it. */
import { loadableName, type Tokenizer } from '../data/tokenizer.js'
import type { BaseConfig } from '../families/config.js'
import { familyOf, matricesOf } from '../families/family.js'
import type { Norms } from '../families/parameter.js'
import type { CreateSha256, SearchedMatrix, SearchedTicket } from '../ticket/index.js'
import { canonicalJson, differences, fingerprintOf } from './fingerprint.js'
import { type InitialisationScheme, initialisationSchemes } from './initialisation.js'
import { chooseModel, type ModelChoice, modelName, modelsOf, type SearchFamily, searchModels } from './models.js'

/** Where the random weights of a matrix come from: `stream` of generation 0, as a ticket names it. */
export type BaseMatrix = Pick<SearchedMatrix, 'stream' | 'init'>

/** What the settings of a search say of the network that it took from a ticket. Plain JSON. */
export interface BaseReference {
  /** SHA-256 of everything that the network follows from, 64 hexadecimal digits: of seed, configuration, norms, tokenizer and `matrices`. */
  readonly network: string
  /** One for each of `matricesOf` of the configuration, in that order. */
  readonly matrices: readonly BaseMatrix[]
}

/** Everything that a search takes from a ticket. Plain JSON. */
export interface BaseNetwork extends BaseReference {
  /** What messages call the ticket. */
  readonly name: string
  /** SHA-256 of its content, masks and all; absent where a run is asked, which knows its network alone. */
  readonly ticket?: string
  /** Unsigned 64-bit integer in decimal. */
  readonly seed: string
  readonly config: BaseConfig
  readonly norms: Norms
  /** Null where the ticket names none. */
  readonly tokenizer: 'bytes' | 'gpt2' | null
  readonly initialisation: InitialisationScheme | typeof GIVEN
  readonly qkScale: number
  /** Fraction that the ticket's own search kept: the default of a search on it. Absent where the ticket does not say. */
  readonly keep?: number
}

/** In place of a scheme's name: initialisations that a ticket gives without saying which scheme they follow. */
export const GIVEN = 'given'

/** The random network of a ticket, whatever masks it holds. @param name what messages call the ticket */
export function baseNetworkOf(
  { metadata, sha256 }: SearchedTicket,
  name: string,
  createSha256: CreateSha256,
): BaseNetwork {
  const { seed, config, norms, tokenizer, search, matrices } = metadata
  const own = { seed, config, norms, tokenizer, matrices: matrices.map(({ stream, init }) => ({ stream, init })) }
  const scheme = initialisationSchemes.find((each) => each === search?.initialisation)
  return {
    name,
    ticket: sha256,
    network: fingerprintOf(createSha256, own),
    ...own,
    initialisation: scheme ?? GIVEN,
    qkScale: search?.qkScale ?? 1,
    ...(search === null ? {} : { keep: search.keep }),
  }
}

/** The network that a run of these settings took from a ticket; undefined where it took none. */
export function baseOfRun(settings: RunSettings): BaseNetwork | undefined {
  const { on, seed, config, norms, tokenizer, initialisation, qkScale, keep } = settings
  if (on === undefined) return undefined
  const name = `the run, ${on.network.slice(0, 8)},`
  return { ...on, name, seed, config, norms, tokenizer: loadableName(tokenizer), initialisation, qkScale, keep }
}

interface RunSettings extends Pick<BaseNetwork, 'seed' | 'config' | 'norms' | 'initialisation' | 'qkScale'> {
  readonly on?: BaseReference
  readonly tokenizer: Tokenizer['name']
  readonly keep: number
}

/**
 * Why two networks are not the same, in words: `seed is 3 there, 5 here`; undefined where they are. Learned norms are no part of them.
 */
export function networkDifference(there: RandomNetwork, here: RandomNetwork): string | undefined {
  const named = ({ seed, tokenizer, config }: RandomNetwork) => ({ seed, tokenizer: tokenizer ?? 'none', ...config })
  const different = differences(named(there), named(here))
  if (different !== undefined) return different
  const isSame = canonicalJson(there.matrices) === canonicalJson(here.matrices)
  return isSame ? undefined : 'their matrices have other streams or initialisations'
}

type RandomNetwork = Pick<BaseNetwork, 'seed' | 'config' | 'tokenizer' | 'matrices'>

/** The settings that describe a network. */
interface NetworkChoice extends ModelChoice {
  readonly kind: 'search' | 'train'
  readonly seed?: bigint | undefined
  readonly norms?: Norms | undefined
  readonly initialisation?: BaseNetwork['initialisation'] | undefined
  readonly qkScale?: number | 'auto' | undefined
  readonly keep?: number | undefined
}

/**
 * A choice of settings on the network of a ticket: what describes the network is the ticket's. The number of windows a step
 * defaults to that of the named model with these sizes, else of the family's smallest.
 * @throws RangeError naming a setting that is given and is not the ticket's, with both values
 */
export function chooseOn<C extends NetworkChoice>(
  choice: C,
  on: BaseNetwork,
  tokenizer: Pick<Tokenizer, 'name' | 'vocabulary'>,
) {
  const { kind, seed, norms, initialisation, qkScale, keep, model } = choice
  if (kind !== 'search') throw new RangeError(`"on" expected a search, which has a mask, got slt ${kind}`)
  expectSame(on, 'seed', on.seed, seed === undefined ? undefined : String(seed))
  expectSame(on, 'norms', on.norms, norms)
  expectSame(on, 'init', on.initialisation, initialisation)
  expectSame(on, 'qk-scale', on.qkScale, qkScale)
  expectSizes(choice, on)
  expectTokens(on, tokenizer)
  return {
    ...choice,
    model: model ?? modelOf(on.config),
    seed: BigInt(on.seed),
    norms: on.norms,
    initialisation: on.initialisation,
    qkScale: on.qkScale,
    keep: keep ?? on.keep,
  }
}

/** Checks what the settings of a run say of a ticket's network. @throws TypeError or RangeError */
export function checkReference(on: BaseReference, config: BaseConfig): void {
  if (typeof on !== 'object' || on === null || !Array.isArray(on.matrices)) {
    throw new TypeError('"on" expected an object with a list of matrices')
  }
  if (!/^[0-9a-f]{64}$/.test(on.network)) {
    throw new RangeError(`"on" expected the 64 hexadecimal digits of a network, got ${JSON.stringify(on.network)}`)
  }
  const expected = matricesOf(config).length
  if (on.matrices.length !== expected) {
    throw new RangeError(`"on" expected ${expected} matrices for the configuration, got ${on.matrices.length}`)
  }
}

/** The choice of a model that has the sizes of a configuration. */
export function sizesOf(config: BaseConfig): ModelChoice {
  const { layers, width, heads, positions, inner } = config
  const { keyHeads, activation, tiedHead } = config as unknown as Partial<ChosenFields>
  return {
    model: modelsOf(familyOf(config).name as SearchFamily)[0],
    layers,
    width: String(width),
    heads,
    ...(keyHeads === undefined ? {} : { keyHeads }),
    context: positions,
    inner,
    activation,
    untied: tiedHead === false,
  }
}

/** What some families have beside the sizes of all. */
type ChosenFields = Pick<Required<ModelChoice>, 'activation'> & {
  readonly keyHeads: number
  readonly tiedHead: boolean
}

/** The named model with these sizes, else the first of the family. */
function modelOf(config: BaseConfig) {
  const models = modelsOf(familyOf(config).name as SearchFamily)
  const sized = models.find(
    (name) => searchModels[name].layers === config.layers && searchModels[name].width === config.width,
  )
  return sized ?? models[0]
}

function expectSame<T>({ name }: BaseNetwork, option: string, there: T, given: T | 'auto' | undefined): void {
  if (given === undefined || given === there) return
  throw new RangeError(`"${option}" expected ${there}, as the network of ${name} has it, got ${given}`)
}

/** The fields of a configuration that options name; the others are the family's or follow from these. */
const options: Readonly<Record<string, string>> = {
  layers: 'layers',
  width: 'width',
  heads: 'heads',
  keyHeads: 'key-heads',
  positions: 'context',
  inner: 'inner',
  activation: 'activation',
}

/** Family, model and sizes, where they are given, are the ticket's. */
function expectSizes(choice: ModelChoice, on: BaseNetwork): void {
  const { family, model, layers, width, heads, keyHeads, context, inner, activation, untied } = choice
  const sizes = { layers, width, heads, keyHeads, context, inner, activation, untied }
  const given = Object.fromEntries(Object.entries(sizes).filter(([, value]) => value !== undefined))
  const own = familyOf(on.config).name
  if (family !== undefined || model !== undefined)
    expectSame(on, 'family', own, searchModels[modelName({ family, model })].family)
  if (model === undefined && Object.keys(given).length === 0) return
  if (model === undefined && width?.startsWith('x')) {
    throw new RangeError(`"width" expected a number, or --model beside it, for the network of ${on.name}, got ${width}`)
  }
  const asked = chooseModel(model === undefined ? { ...sizesOf(on.config), ...given } : { ...given, family, model }, 1)
  const [there, here] = [on.config, asked].map((config) => config as unknown as Record<string, unknown>)
  for (const [field, option] of Object.entries(options)) expectSame(on, option, there[field], here[field])
  expectSame(on, 'untied', there.tiedHead === false, here.tiedHead === false)
}

/** The tokenizer is the ticket's, or has as many tokens where the ticket names none. */
function expectTokens(on: BaseNetwork, { name, vocabulary }: Pick<Tokenizer, 'name' | 'vocabulary'>): void {
  if (on.tokenizer !== null) {
    expectSame<string>(on, 'tokenizer', on.tokenizer, name)
    return
  }
  const tokens = on.config.vocabulary - (familyOf(on.config).task === 'encoder' ? 1 : 0)
  if (vocabulary === tokens) return
  throw new RangeError(
    `"tokenizer" expected one of ${tokens} tokens, as the network of ${on.name} has, got ${name} with ${vocabulary}`,
  )
}
