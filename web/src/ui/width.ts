import { type Signal, useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

/** The width of an element in CSS pixels, as it is now: pictures are drawn to it, so that text keeps its size. */
export function useWidth<E extends HTMLElement>(): readonly [RefObject<E | null>, Signal<number>] {
  const element = useRef<E>(null)
  const width = useSignal(0)
  useLayoutEffect(() => {
    const { current } = element
    if (!current) return
    width.value = current.clientWidth
    const observer = new ResizeObserver(() => {
      width.value = current.clientWidth
    })
    observer.observe(current)
    return () => observer.disconnect()
  }, [])
  return [element, width]
}
