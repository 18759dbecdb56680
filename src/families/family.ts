/** The list of known families, and what is asked of a configuration whatever its family. */
import { bert } from './bert/family.js'
import type { BaseConfig } from './config.js'
import type { Family } from './definition.js'
import { gpt2 } from './gpt2/family.js'
import { llama } from './llama/family.js'
import type { MatrixParameter, Norms, Parameter, VectorParameter } from './parameter.js'

export type { Family } from './definition.js'

/** Families by name, those of the program first. */
const known = new Map<string, Family>()
for (const family of [gpt2, llama, bert]) registerFamily(family as unknown as Family)

/**
 * Makes a family known by its name in this process: configurations that name it are read, pruned, verified, run and exported from then on. A search needs a
 * named model of the family too, in src/search/models.ts.
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
export const familyOf = (config: Pick<BaseConfig, 'family'>): Family => familyNamed(config.family ?? 'gpt2')

/** Checks a configuration by its family's rules; see {@link Family.check}. */
export const checkConfig = (config: BaseConfig): void => familyOf(config).check(config)

/** Every tensor of a model; see {@link Family.parameters}. */
export const parametersOf = (config: BaseConfig): readonly Parameter[] => familyOf(config).parameters(config)

/** The matrices of a model, which a search masks. The index in this list is the number of a matrix' random stream. */
export const matricesOf = (config: BaseConfig): MatrixParameter[] =>
  parametersOf(config).filter((parameter) => parameter.kind === 'matrix')

/** The learned vectors of every norm: gains and shifts, gains alone, or none. @param norms default `learned` */
export const normVectorsOf = (config: BaseConfig, norms: Norms = 'learned'): VectorParameter[] =>
  parametersOf(config).filter(
    (parameter): parameter is VectorParameter =>
      (parameter.kind === 'gain' && norms !== 'plain') || (parameter.kind === 'shift' && norms === 'learned'),
  )

/** Number of parameters of a model, tied ones counted once. */
export const countParameters = (config: BaseConfig): number =>
  parametersOf(config).reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0)

/** A configuration with its family's fields alone, in their order: as tickets and runs write it. GPT-2's names no family. */
export function orderedConfig(config: BaseConfig): BaseConfig {
  const fields = familyOf(config).fields.map(({ name }) => [name, (config as unknown as Record<string, unknown>)[name]])
  return { ...(config.family === undefined ? {} : { family: config.family }), ...Object.fromEntries(fields) }
}
