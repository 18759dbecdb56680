/** A forward pass as a list of steps, from which pruned networks are planned and run. */
import type { Activation, BaseConfig } from './config.js'
import { familyOf } from './family.js'
import type { AttentionSpec, EmbeddingPart, NormSpec, Port } from './port.js'

/** One operation of a forward pass. `x`, `a` and `b` are the numbers of the steps whose results it reads. */
export type Step =
  | { readonly kind: 'embed'; readonly parts: readonly EmbeddingPart[] }
  | { readonly kind: 'norm'; readonly spec: NormSpec; readonly x: number }
  | { readonly kind: 'linear'; readonly name: string; readonly x: number }
  | { readonly kind: 'attention'; readonly spec: AttentionSpec; readonly x: number }
  | { readonly kind: 'activate'; readonly activation: Activation; readonly x: number }
  | { readonly kind: 'add' | 'multiply'; readonly a: number; readonly b: number }
  | { readonly kind: 'unembed'; readonly name: string; readonly x: number }

/** The steps of a forward pass in its order. The last one is the result: logits of a causal family, hidden states of an encoder. */
export type Tape = readonly Step[]

/** The steps whose results a step reads. */
export function inputsOf(step: Step): number[] {
  if (step.kind === 'embed') return []
  return 'x' in step ? [step.x] : [step.a, step.b]
}

/** Of each step the steps that read its result. */
export function readersOf(tape: Tape): Step[][] {
  const readers = tape.map((): Step[] => [])
  for (const step of tape) for (const input of new Set(inputsOf(step))) readers[input].push(step)
  return readers
}

/** Records the forward pass of a model. @throws RangeError or TypeError as the check of its configuration does */
export function recordTape(config: BaseConfig): Tape {
  const family = familyOf(config)
  family.check(config)
  const steps: Step[] = []
  const put = (step: Step): number => steps.push(step) - 1
  const port: Port<number> = {
    embed: (parts) => put({ kind: 'embed', parts }),
    norm: (spec, x) => put({ kind: 'norm', spec, x }),
    linear: (name, x) => put({ kind: 'linear', name, x }),
    attention: (spec, x) => put({ kind: 'attention', spec, x }),
    activate: (activation, x) => put({ kind: 'activate', activation, x }),
    add: (a, b) => put({ kind: 'add', a, b }),
    multiply: (a, b) => put({ kind: 'multiply', a, b }),
    unembed: (name, x) => put({ kind: 'unembed', name, x }),
    see: (_, value) => value,
  }
  const body = family.body(port, config)
  const last = family.task === 'causal' ? family.head(port, config, body) : body
  if (last !== steps.length - 1) throw new RangeError(`family "${family.name}" expected its result to be its last step`)
  return steps
}

/** Every attention of a model, in the order of the forward pass. */
export const attentionSpecs = (config: BaseConfig): AttentionSpec[] =>
  recordTape(config).flatMap((step) => (step.kind === 'attention' ? [step.spec] : []))
