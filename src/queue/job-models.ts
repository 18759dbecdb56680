/** Models that searches learn from, as jobs take them along. */
import { closeRunModels, type ModelTexts, openRunModels, type RunModels, type Student } from '../jobs/named-model.js'
import type { JobInput } from './job.js'

/** What a job is made of for its models. */
export interface JobModels {
  /** For the choice. */
  readonly contents: ModelTexts
  readonly inputs: { readonly [Name in keyof ModelTexts]?: JobInput }
  /** Of their weights. */
  readonly bytes: number
}

/**
 * @param store puts a model's file or folder into the store
 * @returns opens the models of a job, each of them once for each kind of student
 */
export function createJobModels(
  { onNote }: { onNote(line: string): void },
  store: (path: string) => Promise<JobInput>,
): (paths: ModelTexts, student: Student) => Promise<JobModels> {
  const known = new Map<string, Promise<JobModels>>()
  const open = async (paths: ModelTexts, student: Student): Promise<JobModels> => {
    const models: RunModels = {}
    try {
      const contents = await openRunModels(paths, {}, student, models)
      const found = Object.entries(models)
      for (const [, { notes }] of found) for (const note of notes) onNote(note)
      const inputs: Record<string, JobInput> = {}
      for (const [name, { path }] of found) inputs[name] = await store(path)
      return { contents, inputs, bytes: found.reduce((sum, [, { source }]) => sum + 4 * source.parameters, 0) }
    } finally {
      await closeRunModels(models)
    }
  }
  return ({ teacher, start }, student) => {
    const key = JSON.stringify([teacher, start, student.config, student.tokenizer.name])
    const found = known.get(key) ?? open({ teacher, start }, student)
    known.set(key, found)
    return found
  }
}
