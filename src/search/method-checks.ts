/** Which settings of methods go together. */
import { matrixMethods } from './matrix-methods.js'
import { type AlgorithmName, type EmbeddingMethod, levelWords, type MethodSettings } from './method-settings.js'

/** What a check reads beside the settings of methods. */
interface RunSettings extends MethodSettings {
  readonly kind: 'search' | 'train'
  readonly task?: object
}

/** Coats of a ticket at most, the mask among them (docs/ticket-format.md). */
const MOST_COATS = 15

/** @throws RangeError naming the setting, its value and what was expected */
export function checkMethod(settings: RunSettings): void {
  const {
    kind,
    algorithm,
    keep,
    anneal,
    softness,
    coats,
    levels,
    densities,
    embeddings,
    scales,
    unusedRows,
    selection,
    task,
  } = settings
  const given = {
    anneal,
    softness,
    coats,
    levels,
    density: densities,
    embedding: embeddings,
    scales,
    'unused-rows': unusedRows,
  }
  for (const [name, value] of Object.entries(given)) {
    if (kind === 'train' && value !== undefined) refuse(name, 'nothing in a training, which has no masks', value)
  }
  if (coats !== undefined) {
    if (algorithm !== 'multicoated') refuse('coats', '--algorithm multicoated beside it', coats)
    checkCoats(keep, coats)
  }
  if (anneal !== undefined) {
    if (softness === undefined) refuse('anneal', '--algorithm annealed, or levels and --softness, beside it', anneal)
    if (!(anneal > 0 && anneal < 1)) refuse('anneal', '0 < anneal < 1', anneal)
  }
  if (softness !== undefined) {
    if (algorithm !== 'annealed' && algorithm !== 'levels') {
      refuse('softness', '--algorithm annealed or levels beside it', softness)
    }
    if (!(softness >= 0.01 && softness <= 100)) refuse('softness', '0.01 <= softness <= 100', softness)
  }
  if (levels !== undefined) {
    if (algorithm !== 'levels' && algorithm !== 'ada-sup') {
      refuse('levels', '--algorithm levels or ada-sup beside it', levels)
    }
    if (!levelWords.includes(levels)) refuse('levels', levelWords.join(', '), levels)
  }
  if (embeddings !== undefined) checkEmbeddings(embeddings, algorithm)
  if (scales !== undefined) {
    if (scales !== 'learned') refuse('scales', 'none or learned', scales)
    if (algorithm === 'biprop')
      refuse('scales', 'none beside biprop, whose scale is the mean of the kept weights', scales)
  }
  if (algorithm === 'ada-sup') {
    if (!(keep < 0.5)) refuse('keep', 'less than 0.5 for ada-sup, which drops the weights of negative scores', keep)
    if (selection === 'global')
      refuse('selection', 'per-layer for ada-sup, whose thresholds follow the spread of a matrix', selection)
  }
  if (algorithm === 'sampled' && selection === 'global') {
    refuse('selection', 'per-layer for sampled, which gives each matrix a mean probability', selection)
  }
  if (unusedRows !== undefined) {
    if (unusedRows !== 'drop' && unusedRows !== 'share') refuse('unused-rows', 'keep, drop or share', unusedRows)
    if (task) refuse('unused-rows', 'a text to learn from: a task has every letter', unusedRows)
  }
  if (densities !== undefined) {
    if (selection === 'global')
      refuse('density', '--selection per-layer: a global one chooses the fractions', densities)
    if (algorithm === 'levels') refuse('density', 'a method of masks, not levels', densities)
    if (densities !== 'erk')
      for (const [role, value] of Object.entries(densities)) checkFraction(`density ${role}`, value)
  }
  matrixMethods(settings) // says which densities cannot be met
}

function checkCoats(keep: number, coats: readonly number[]): void {
  if (coats.length < 1 || coats.length >= MOST_COATS) {
    refuse('coats', `1 to ${MOST_COATS - 1} fractions, those of the coats from the second on`, coats)
  }
  let wider = keep
  for (const coat of coats) {
    if (!(coat > 0 && coat <= wider)) {
      refuse('coats', `fractions above 0 that do not grow, the first at most keep ${keep}: coats nest`, coats)
    }
    wider = coat
  }
}

function checkEmbeddings(embeddings: EmbeddingMethod, algorithm: AlgorithmName | 'dense'): void {
  const [name] = Object.keys(embeddings)
  if ('bits' in embeddings) {
    if (![2, 3, 4].includes(embeddings.bits)) refuse('embedding-bits', '2, 3 or 4', embeddings.bits)
    return
  }
  if (algorithm === 'levels')
    refuse(`embedding-${name}`, '--embedding-bits beside --algorithm levels', Object.values(embeddings)[0])
  if ('keep' in embeddings) checkFraction('embedding-keep', embeddings.keep)
  else if (![2, 3, 4].includes(embeddings.coats)) refuse('embedding-coats', '2, 3 or 4', embeddings.coats)
}

function checkFraction(name: string, value: number | undefined): void {
  if (!(value !== undefined && value > 0 && value <= 1)) refuse(name, `a fraction above 0 and at most 1`, value)
}

function refuse(name: string, expected: string, value: unknown): never {
  const got = typeof value === 'object' ? JSON.stringify(value) : value
  throw new RangeError(`"${name}" expected ${expected}, got ${got}`)
}
