import type { ComponentChildren } from 'preact'

/** A sentence for the visitor: a remark, a warning, or what went wrong and how to go on. Screen readers hear it when it appears. */
export function Notice({
  kind = 'info',
  children,
}: {
  readonly kind?: 'info' | 'warning' | 'error'
  readonly children: ComponentChildren
}) {
  return (
    <div class={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      {children}
    </div>
  )
}
