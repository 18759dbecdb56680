/** What the worker of the view can be asked for. */
import type { SourceInitialisation } from '../../../../src/paper/source.js'

/** Most items a weight: up to here every subset sum is solved to its proved optimum. */
export const MOST_ITEMS = 28
export const LEAST_WIDTH = 2
export const MOST_WIDTH = 32
/** Key width d_K of a rotary head: two frequencies. */
export const ROTARY_KEY_WIDTH = 4
/** They are 1 and 0.1 radians a position, so that both turn within 32 positions. */
export const ROTARY_THETA = 100
/** Width, key width (four frequencies) and base of the storyteller's heads. */
export const STORY_WIDTH = 64
export const STORY_KEY_WIDTH = 8
export const STORY_THETA = 10_000
/** Longest input, 2^10 positions. */
export const MOST_DOUBLINGS = 10
/** Letters that the sorter is given. */
export const LETTERS = /^[A-Ca-c]{6}$/

/** The head to approximate. */
export type TargetChoice =
  | { readonly kind: 'random' | 'rotary'; readonly seed: bigint; readonly d: number }
  | { readonly kind: 'sorter'; readonly layer: number; readonly head: number }
  | { readonly kind: 'story'; readonly layer: number; readonly head: number }

/** The random source it is pruned from. */
export interface SourceChoice {
  readonly seed: bigint
  readonly items: number
  readonly initialisation: SourceInitialisation
}

/** What the head reads. */
export type InputChoice =
  | { readonly kind: 'random' | 'rotation'; readonly seed: bigint; readonly length: number }
  | { readonly kind: 'letters'; readonly letters: string }
