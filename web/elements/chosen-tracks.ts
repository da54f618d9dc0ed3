const name = 'freshet.edit'
/** An address takes this many ids; proxies cut off what is longer than some kilobytes. */
const mostInAddress = 50

/** The tag editor's query for these tracks. Many are kept in the tab, where a reload finds them, too. */
export function editQuery (ids: readonly string[]): string {
  if (ids.length <= mostInAddress) return `tracks=${ids.join(',')}`
  const key = String(Date.now())
  sessionStorage.setItem(name, `${key} ${ids.join(',')}`)
  return `chosen=${key}`
}

/** The tracks that were kept under the key; none where the tab has meanwhile kept others, or never kept them. */
export function chosenTracks (key: string | null): string[] {
  const [kept, ids = ''] = (sessionStorage.getItem(name) ?? '').split(' ')
  return key !== null && kept === key ? ids.split(',') : []
}
