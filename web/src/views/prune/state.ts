/** State of the view, as its address has it. */
import { choice, integer, seed, text, urlState } from '../../url-state.js'
import {
  type InputChoice,
  LEAST_WIDTH,
  LETTERS,
  MOST_DOUBLINGS,
  MOST_ITEMS,
  MOST_WIDTH,
  ROTARY_KEY_WIDTH,
  type SourceChoice,
  STORY_KEY_WIDTH,
  STORY_WIDTH,
  type TargetChoice,
} from './choices.js'

export const { values: state, refused } = urlState('prune', {
  target: choice('random', ['random', 'rotary', 'sorter', 'story']),
  d: integer(16, LEAST_WIDTH, MOST_WIDTH),
  layer: integer(0, 0, 2),
  head: integer(0, 0, 2),
  n: integer(12, 1, MOST_ITEMS),
  init: choice('theory', ['theory', 'xavier']),
  seed: seed(1n),
  product: choice('qk', ['qk', 'vo']),
  frequency: integer(0, 0, STORY_KEY_WIDTH / 2 - 1),
  row: integer(0, 0, STORY_WIDTH - 1),
  column: integer(0, 0, 2 * STORY_WIDTH - 1),
  input: choice('letters', ['letters', 'random', 'rotation']),
  letters: { ...text('CABBAC', 6), parse: (value: string) => (LETTERS.test(value) ? value.toUpperCase() : undefined) },
  t: integer(5, 2, MOST_DOUBLINGS),
})

/** The target that the state names. */
export const targetChoice = (): TargetChoice =>
  state.target.value === 'sorter' || state.target.value === 'story'
    ? { kind: state.target.value, layer: state.layer.value, head: state.head.value }
    : { kind: state.target.value, seed: state.seed.value, d: state.d.value }

/** Width d1 of the target that the state names; the sorter's heads have a constant beside its 48 numbers. */
export const targetWidth = (): number =>
  state.target.value === 'sorter' ? 49 : state.target.value === 'story' ? STORY_WIDTH : state.d.value

/** Whether the target turns queries and keys by their positions. */
export const isRotary = (): boolean => state.target.value === 'rotary' || state.target.value === 'story'

/** d_K of a rotary target: its source is so many times as wide. 1 of other targets. */
export const keyWidth = (): number =>
  state.target.value === 'rotary' ? ROTARY_KEY_WIDTH : state.target.value === 'story' ? STORY_KEY_WIDTH : 1

/** The source that the state names. */
export const sourceChoice = (): SourceChoice => ({
  seed: state.seed.value,
  items: state.n.value,
  initialisation: initialisation(),
})

/** A rotary source is initialised as its theorem asks, whatever else is chosen. */
export const initialisation = () => (isRotary() ? 'theory' : state.init.value)

/** The sort of input that the state names: letters are for the sorter alone. */
export const inputKind = (): InputChoice['kind'] =>
  state.input.value === 'letters' && state.target.value !== 'sorter' ? 'random' : state.input.value

/** The input that the state names. */
export function inputChoice(): InputChoice {
  const kind = inputKind()
  return kind === 'letters'
    ? { kind, letters: state.letters.value }
    : { kind, seed: state.seed.value, length: 2 ** state.t.value }
}
