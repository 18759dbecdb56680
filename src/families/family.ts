/** What a family of transformers is, and the list of those that are known. */
import type { BaseConfig, ConfigField } from './config.js'
import type { HuggingFaceLayout } from './layout.js'
import type { MatrixParameter, Parameter, VectorParameter } from './parameter.js'
import type { Port } from './port.js'

/** A family of transformers: all that the rest of the program asks of one. `docs/add-a-family.md` shows how one is added. */
export interface Family<C extends BaseConfig = BaseConfig> {
  /** Of lower-case letters and digits. */
  readonly name: string
  /** As people write it. */
  readonly title: string
  /** `causal`: predicts the next token. `encoder`: gives a vector a token, which has seen the whole text. */
  readonly task: 'causal' | 'encoder'
  /** Fields of a configuration in the order of a ticket's metadata. */
  readonly fields: readonly ConfigField[]
  /**
   * Checks that a configuration describes a model.
   * @throws TypeError for a value of the wrong type, RangeError for one out of range or sizes that do not fit together
   */
  check(config: C): void
  /** Every tensor of a model that has biases and learned norms, in the order a forward pass needs them. Their order never changes: the index among the matrices is the number of a random stream. */
  parameters(config: C): readonly Parameter[]
  /** The forward pass up to the last hidden state before the final norm (of a family without one: up to the last hidden state). */
  body<V>(port: Port<V>, config: C): V
  /** From the body's hidden state to the logits of every token: the final norm, where there is one, and the output matrix. */
  head<V>(port: Port<V>, config: C, x: V): V
  /** What a cache of keys and values holds for a token: `layers` times `keyHeads` heads of `headWidth` numbers each. */
  cache(config: C): { readonly layers: number; readonly keyHeads: number; readonly headWidth: number }
  /** Hugging Face's files. */
  readonly huggingFace: HuggingFaceLayout<C>
}

const known = new Map<string, Family>()

/**
 * Makes a family known by its name: configurations that name it are read, pruned, searched and run from then on.
 * @throws RangeError when the name is taken by another family
 */
export function registerFamily<C extends BaseConfig>(family: Family<C>): void {
  const other = known.get(family.name)
  if (other !== undefined && other !== (family as unknown))
    throw new RangeError(`family "${family.name}" is registered twice`)
  known.set(family.name, family as unknown as Family)
}

/** The known families. */
export const families = (): Family[] => [...known.values()]

/** The family of a name. @throws RangeError for an unknown one */
export function familyNamed(name: string): Family {
  const family = known.get(name)
  if (!family) throw new RangeError(`"family" expected ${[...known.keys()].join(', ')}, got ${JSON.stringify(name)}`)
  return family
}

/** The family of a configuration; one that names none is a GPT-2's. @throws RangeError for an unknown one */
export const familyOf = (config: BaseConfig): Family => familyNamed(config.family ?? 'gpt2')

/** Checks a configuration by its family's rules; see {@link Family.check}. */
export const checkConfig = (config: BaseConfig): void => familyOf(config).check(config)

/** Every tensor of a model; see {@link Family.parameters}. */
export const parametersOf = (config: BaseConfig): readonly Parameter[] => familyOf(config).parameters(config)

/** The matrices of a model, which a search masks. The index in this list is the number of a matrix' random stream. */
export const matricesOf = (config: BaseConfig): MatrixParameter[] =>
  parametersOf(config).filter((parameter) => parameter.kind === 'matrix')

/** Gains and shifts of every norm. */
export const normVectorsOf = (config: BaseConfig): VectorParameter[] =>
  parametersOf(config).filter(
    (parameter): parameter is VectorParameter => parameter.kind === 'gain' || parameter.kind === 'shift',
  )

/** Number of parameters of a model, tied ones counted once. */
export const countParameters = (config: BaseConfig): number =>
  parametersOf(config).reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0)

/** A configuration with its family's fields alone, in their order: as tickets and runs write it. GPT-2's names no family. */
export function orderedConfig(config: BaseConfig): BaseConfig {
  const fields = familyOf(config).fields.map(({ name }) => [name, (config as unknown as Record<string, unknown>)[name]])
  return { ...(config.family === undefined ? {} : { family: config.family }), ...Object.fromEntries(fields) }
}
