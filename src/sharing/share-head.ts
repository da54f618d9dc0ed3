import { previewText } from './preview-text.ts'
import type { SharedContent } from './shared-content.ts'
import { coverSizeOf } from './shared-media.ts'

/** Where the built page takes what is written for one link. */
export const headMark = '<!--share-head-->'
export const bodyMark = '<!--share-body-->'

export interface ShownShare {
  readonly content: SharedContent
  /** Address of the page. */
  readonly url: string
  /** Of `accept-language`. */
  readonly language: string | undefined
}

const types: Readonly<Record<SharedContent['kind'], string>> = { track: 'music.song', album: 'music.album', playlist: 'music.playlist' }

/**
 * The page of a link with what previews read: Open Graph and Twitter card tags, and the same in plain text for whoever
 * has no JavaScript. All of it is escaped: titles and notes are anybody's.
 */
export function sharePage (template: string, { content, url, language }: ShownShare): string {
  const words = previewText(content, language)
  const { artwork, organisation, tracks } = content
  const properties: Array<readonly [string, string]> = [
    ['og:type', types[content.kind]], ['og:site_name', organisation], ['og:title', words.title], ['og:description', words.description], ['og:url', url]
  ]
  const names: Array<readonly [string, string]> = [['description', words.description], ['twitter:card', 'summary'], ['twitter:title', words.title], ['twitter:description', words.description]]
  if (artwork !== null) {
    const size = String(coverSizeOf(artwork))
    properties.push(['og:image', `${url}/cover`], ['og:image:type', 'image/webp'], ['og:image:width', size], ['og:image:height', size], ['og:image:alt', words.coverAlt])
    names.push(['twitter:image', `${url}/cover`], ['twitter:image:alt', words.coverAlt])
  }
  const head = [
    `<title>${escaped(words.title)} · ${escaped(organisation)}</title>`,
    ...properties.map(([property, value]) => `<meta property="${property}" content="${escaped(value)}">`),
    ...names.map(([name, value]) => `<meta name="${name}" content="${escaped(value)}">`)
  ]
  const list = tracks.map((track) => `<li>${escaped(track.title)}, ${escaped(track.artistCredit)}</li>`).join('')
  const body = `<noscript><h1>${escaped(words.title)}</h1><p>${escaped(words.description)}</p><ol>${list}</ol><p>${escaped(words.needsScript)}</p></noscript>`
  return filled(template, { language: words.language, head: head.join('\n    '), body })
}

/** The same page for a link that has ended: nothing tells what it once shared. */
export function endedPage (template: string, { organisation, language }: { readonly organisation: string, readonly language: string | undefined }): string {
  const words = previewText(null, language)
  return filled(template, {
    language: words.language,
    head: `<title>${escaped(words.title)} · ${escaped(organisation)}</title>`,
    body: `<noscript><h1>${escaped(words.title)}</h1><p>${escaped(words.description)}</p></noscript>`
  })
}

/** By functions: a $ in a title means a dollar. */
function filled (template: string, { language, head, body }: { readonly language: string, readonly head: string, readonly body: string }): string {
  return template.replace(/<html lang="[^"]*"/, () => `<html lang="${language}"`).replace(headMark, () => head).replace(bodyMark, () => body)
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped (text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
