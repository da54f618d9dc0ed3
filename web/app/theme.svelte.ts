export type Theme = 'system' | 'day' | 'night'

const key = 'freshet.theme'
let chosen = $state.raw<Theme>(kept())

export const theme = {
  get choice () { return chosen },
  choose (choice: Theme) {
    chosen = choice
    localStorage.setItem(key, choice)
    applyTheme()
  }
}

function kept (): Theme {
  const text = localStorage.getItem(key)
  return text === 'day' || text === 'night' ? text : 'system'
}

/** Marks the document; without a mark the system's preference decides. */
export function applyTheme (): void {
  if (chosen === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = chosen
}
