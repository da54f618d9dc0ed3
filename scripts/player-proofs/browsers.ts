import { findChromium, launchChromium } from '../../test/support/chromium.ts'
import { findFirefox, launchFirefox } from '../../test/support/firefox.ts'
import { type NullSink, openNullSink } from '../../test/support/null-sink.ts'
import type { ProofBrowser } from '../../test/support/proof-browser.ts'
import { hasWebKit, launchWebKit } from '../../test/support/webkit.ts'

export type BrowserKind = 'chromium' | 'firefox' | 'webkit'
export const browserKinds: readonly BrowserKind[] = ['chromium', 'firefox', 'webkit']

/** @throws Error that says which Debian package is missing */
export async function withBrowser<T> (kind: BrowserKind, use: (browser: ProofBrowser) => Promise<T>): Promise<T> {
  const sink = kind === 'chromium' ? null : await openNullSink()
  try {
    const browser = await launch(kind, sink)
    try {
      return await use(browser)
    } finally {
      await browser.close()
    }
  } finally {
    await sink?.close()
  }
}

async function launch (kind: BrowserKind, sink: NullSink | null): Promise<ProofBrowser> {
  if (sink === null) return await openChromium()
  if (kind === 'webkit') {
    if (!hasWebKit()) throw new Error('no WebKitGTK: install Debian’s webkit2gtk-driver and xvfb')
    return await launchWebKit(sink)
  }
  const path = findFirefox()
  if (path === undefined) throw new Error('no Firefox: install Debian’s firefox-esr, or set FIREFOX_PATH')
  return await launchFirefox(path, sink)
}

async function openChromium (): Promise<ProofBrowser> {
  const path = findChromium()
  if (path === undefined) throw new Error('no Chromium: install it, or set CHROMIUM_PATH')
  const browser = await launchChromium(path)
  const page = await browser.newPage()
  return {
    name: `Chromium ${browser.version()}`,
    open: async (url) => { await page.goto(url) },
    click: async (selector) => { await page.click(selector) },
    run: async <T>(body: string) => await page.evaluate(`(async () => { ${body} })()`) as T,
    close: async () => { await browser.close() }
  }
}
