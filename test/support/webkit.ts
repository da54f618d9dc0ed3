import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { NullSink } from './null-sink.ts'
import { freePort } from './process.ts'
import type { ProofBrowser } from './proof-browser.ts'

const driverPath = '/usr/bin/WebKitWebDriver'
const miniBrowser = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser'
const startWithinMs = 20_000
const scriptTimeoutMs = 600_000
/** The key of an element in WebDriver's answers (W3C WebDriver, section 12.1). */
const elementKey = 'element-6066-11e4-a52e-4f735466cecf'

/** Whether Debian's webkit2gtk-driver and xvfb are here. */
export function hasWebKit (): boolean {
  return [driverPath, miniBrowser, '/usr/bin/Xvfb'].every((path) => existsSync(path))
}

/** WebKitGTK's own small browser on a screen that nobody sees, by W3C WebDriver. */
export async function launchWebKit (sink: NullSink): Promise<ProofBrowser> {
  const display = `:${300 + process.pid % 600}`
  const screen = spawn('Xvfb', [display, '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], { stdio: 'ignore' })
  const port = await freePort()
  const env = { ...process.env, ...sink.env, DISPLAY: display, LIBGL_ALWAYS_SOFTWARE: '1', WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' }
  await until(() => existsSync(`/tmp/.X11-unix/X${display.slice(1)}`))
  const driver = spawn(driverPath, [`--port=${port}`], { env, stdio: 'ignore' })
  const stop = async (): Promise<void> => { for (const child of [driver, screen]) await ended(child) }
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } })
    const { value } = await response.json() as { value: T & { error?: string, message?: string } | null }
    if (!response.ok) throw new Error(`WebKit: ${value?.error ?? response.status}: ${value?.message ?? ''}`)
    return value as T
  }
  try {
    await until(async () => await fetch(`http://127.0.0.1:${port}/status`).then(({ ok }) => ok, () => false))
    return await openSession(ask, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

type Ask = <T>(method: string, path: string, body?: unknown) => Promise<T>

async function openSession (ask: Ask, stop: () => Promise<void>): Promise<ProofBrowser> {
  const options = { binary: miniBrowser, args: ['--automation', '--autoplay-policy=allow'] }
  const { sessionId, capabilities } = await ask<{ sessionId: string, capabilities: { browserVersion: string } }>('POST', '/session', { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } } })
  const session = `/session/${sessionId}`
  await ask('POST', `${session}/timeouts`, { script: scriptTimeoutMs })
  return {
    name: `WebKitGTK ${capabilities.browserVersion}`,
    open: async (url) => { await ask('POST', `${session}/url`, { url }) },
    async click (selector) {
      const element = await ask<Record<string, string>>('POST', `${session}/element`, { using: 'css selector', value: selector })
      await ask('POST', `${session}/element/${element[elementKey] ?? ''}/click`, {})
    },
    async run<T> (body: string) {
      const script = `const done = arguments[arguments.length - 1]; (async () => { ${body} })().then((value) => done({ value: value ?? null }), (error) => done({ error: String(error) }))`
      const { value, error } = await ask<{ value?: T, error?: string }>('POST', `${session}/execute/async`, { script, args: [] })
      if (error !== undefined) throw new Error(error)
      return value as T
    },
    async close () {
      await ask('DELETE', session).catch(() => undefined)
      await stop()
    }
  }
}

async function ended (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill()
  await gone
}

async function until (condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + startWithinMs
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error('WebKit did not start: are webkit2gtk-driver and xvfb installed?')
    await delay(50)
  }
}
