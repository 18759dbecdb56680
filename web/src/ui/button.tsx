import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'

/** A button; `primary` for the one that a view is about. */
export function Button({
  children,
  onClick,
  primary = false,
  disabled = false,
  waits = false,
  label,
}: {
  readonly children: ComponentChildren
  onClick(): void
  readonly primary?: boolean
  readonly disabled?: boolean
  /** Of no use for the moment, such as while something loads: looks disabled, but keeps the focus that it has. */
  readonly waits?: boolean
  /** For screen readers, where the content does not say it. */
  readonly label?: string
}) {
  return (
    <button
      type="button"
      class={primary ? 'button button-primary' : 'button'}
      disabled={disabled}
      aria-disabled={waits ? 'true' : undefined}
      aria-label={label}
      onClick={() => {
        if (!waits) onClick()
      }}
    >
      {children}
    </button>
  )
}

/** A button that opens the file chooser. */
export function FileButton({
  children,
  accept,
  onFile,
}: {
  readonly children: ComponentChildren
  /** Endings, as `input accept` takes them: `.safetensors`. */
  readonly accept: string
  onFile(file: File): void
}) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <Button onClick={() => input.current?.click()}>{children}</Button>
      <input
        ref={input}
        type="file"
        accept={accept}
        hidden
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0]
          currentTarget.value = '' // so that the same file can be chosen again
          if (file) onFile(file)
        }}
      />
    </>
  )
}
