// Before anything is drawn: the colour scheme that was chosen last time. src/theme.ts does the rest.
try {
  const chosen = localStorage.getItem('slt-theme')
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen
} catch {
  // Storage is forbidden: the system's scheme it is.
}
