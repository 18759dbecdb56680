/** What settings say of other models that a run learns from, which are named by their content. */
import { checkTeaching } from '../families/teaching.js'

/** Contents are SHA-256 of a configuration and weights (src/jobs/named-model.ts), 64 hexadecimal digits. What is absent is not used. */
export interface NamedModelSettings {
  /** The model whose distributions are learned too. */
  readonly teacher?: string
  /** Of a teacher: its share of the loss, 0 < weight <= 1. */
  readonly teacherWeight?: number
  /** Of a teacher: that of both distributions, > 0. */
  readonly temperature?: number
  /** The trained model whose weights the scores start from, see src/search/start-scores.ts. */
  readonly start?: string
}

export interface NamedModelChoice {
  readonly teacher?: string | undefined
  /** Default: 0.5. */
  readonly teacherWeight?: number | undefined
  /** Default: 1. */
  readonly temperature?: number | undefined
  readonly start?: string | undefined
}

/** Algorithms whose scores may start from a trained model: those that keep the largest |score|. */
const STARTED = ['edge-popup', 'annealed', 'iterand']

/** @throws RangeError for a weight or a temperature without a teacher */
export function chooseNamedModels(choice: NamedModelChoice): NamedModelSettings {
  const { teacher, teacherWeight, temperature, start } = choice
  const started = start === undefined ? {} : { start }
  if (teacher !== undefined) {
    return { ...started, teacher, teacherWeight: teacherWeight ?? 0.5, temperature: temperature ?? 1 }
  }
  for (const [name, value] of Object.entries({ 'teacher-weight': teacherWeight, temperature })) {
    if (value !== undefined) throw new RangeError(`"${name}" expected --teacher beside it, got ${value}`)
  }
  return started
}

/** @throws RangeError naming what cannot be */
export function checkNamedModels(settings: NamedModelSettings & { readonly algorithm: string }): void {
  const { teacher, teacherWeight: weight = Number.NaN, temperature = Number.NaN, start, algorithm } = settings
  for (const [name, content] of Object.entries({ teacher, start })) {
    if (content === undefined || /^[0-9a-f]{64}$/.test(content)) continue
    throw new RangeError(`"${name}" expected 64 hexadecimal digits, got ${content}`)
  }
  if (teacher !== undefined) checkTeaching({ weight, temperature })
  if (start !== undefined && !STARTED.includes(algorithm)) {
    throw new RangeError(`"start" expected an algorithm that it serves (${STARTED.join(', ')}), got ${algorithm}`)
  }
}
