export type Theme = 'system' | 'day' | 'night'

const key = 'freshet.theme'
const state = $state({ theme: kept() })

export const theme = {
  get choice () { return state.theme },
  choose (choice: Theme) {
    state.theme = choice
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
  if (state.theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = state.theme
}
