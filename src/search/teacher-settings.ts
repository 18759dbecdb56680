import { checkTeaching } from '../families/teaching.js'

/** What settings say of a teacher; all absent without one. */
export interface TeacherSettings {
  /** SHA-256 of the configuration and the weights of the model whose distributions are learned too (src/jobs/named-model.ts), 64 hexadecimal digits. */
  readonly teacher?: string
  /** Its share of the loss, 0 < weight <= 1. */
  readonly teacherWeight?: number
  /** Of both distributions, > 0. */
  readonly temperature?: number
}

export interface TeacherChoice {
  readonly teacher?: string | undefined
  /** Default: 0.5. */
  readonly teacherWeight?: number | undefined
  /** Default: 1. */
  readonly temperature?: number | undefined
}

/** @throws RangeError for a weight or a temperature without a teacher */
export function chooseTeacher({ teacher, teacherWeight, temperature }: TeacherChoice): TeacherSettings {
  if (teacher !== undefined) return { teacher, teacherWeight: teacherWeight ?? 0.5, temperature: temperature ?? 1 }
  for (const [name, value] of Object.entries({ 'teacher-weight': teacherWeight, temperature })) {
    if (value !== undefined) throw new RangeError(`"${name}" expected --teacher beside it, got ${value}`)
  }
  return {}
}

/** @throws RangeError naming what is no setting of a teacher */
export function checkTeacher(settings: TeacherSettings): void {
  const { teacher, teacherWeight: weight = Number.NaN, temperature = Number.NaN } = settings
  if (teacher === undefined) return
  checkTeaching({ weight, temperature })
  if (!/^[0-9a-f]{64}$/.test(teacher)) throw new RangeError(`"teacher" expected 64 hexadecimal digits, got ${teacher}`)
}
