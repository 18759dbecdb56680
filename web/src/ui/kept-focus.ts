import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

/**
 * Keeps the keyboard's focus in an element whose buttons come and go: when the focused one is gone after a rendering, the first
 * button that is there takes it, or the element itself, which wants `tabIndex={-1}`. Call it in the component that renders both.
 */
export function useKeptFocus<E extends HTMLElement>({
  onButton = true,
}: {
  /** Whether a button takes it. */
  readonly onButton?: boolean
} = {}): RefObject<E | null> {
  const element = useRef<E>(null)
  const held = element.current?.contains(document.activeElement) ?? false // before this rendering
  useLayoutEffect(() => {
    const { current } = element
    if (!held || !current || current.contains(document.activeElement)) return
    const button = onButton ? current.querySelector<HTMLElement>('button:not(:disabled)') : undefined
    ;(button ?? current).focus({ preventScroll: true })
  })
  return element
}
