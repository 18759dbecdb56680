import { computed, signal } from '@preact/signals'

/** What the visitor chose: the system's colour scheme, or one of the two. */
export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const KEY = 'slt-theme' // public/theme.js reads it before the first frame
const dark = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = signal(dark.matches)
dark.addEventListener('change', () => {
  systemIsDark.value = dark.matches
})

const chosen = (): Theme => themes.find((each) => each === document.documentElement.dataset.theme) ?? 'system'
const theme = signal<Theme>(chosen())

/** The choice. */
export const currentTheme = computed(() => theme.value)

/** The scheme that is shown; pictures on canvases choose their palettes by it. */
export const scheme = computed<'light' | 'dark'>(() => {
  return theme.value === 'system' ? (systemIsDark.value ? 'dark' : 'light') : theme.value
})

/** Chooses, now and for the next visit. */
export function chooseTheme(next: Theme): void {
  theme.value = next
  if (next === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = next
  try {
    if (next === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, next)
  } catch {
    // Storage is forbidden: it holds for this visit.
  }
}
