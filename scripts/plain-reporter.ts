import { Transform, type TransformCallback } from 'node:stream'
import { Parser, type Result } from 'tap-parser'
import { stringify } from 'tap-yaml'

/** One line a file, each failure in full, and a plain closing line: `N passed, N failed`. */
export default class PlainReporter extends Transform {
  readonly #parser = new Parser()
  readonly #count = { passed: 0, failed: 0, skipped: 0 }
  readonly #done = new Promise<{ ok: boolean }>((resolve) => this.#parser.on('complete', resolve))

  constructor () {
    super()
    this.#watch(this.#parser, [])
  }

  #watch (parser: Parser, path: readonly string[]): void {
    // A child's closing assert repeats what the child's own asserts have said.
    let childIsClosing = false
    parser.on('child', (child: Parser) => {
      childIsClosing = true
      this.#watch(child, [...path, child.name])
    })
    parser.on('assert', (result: Result) => {
      const closing = childIsClosing
      childIsClosing = false
      if (path.length === 0) this.#line(`${result.ok ? 'ok  ' : 'FAIL'} ${result.name}${result.time === null ? '' : ` ${Math.round(result.time)} ms`}`)
      this.#tally(result, closing, path)
    })
    // Whoever bails out ends the whole run; the files that never ran would else be missed by nobody.
    if (path.length === 0) parser.on('bailout', (reason: string) => { this.#line(`The run was ended early, and the files after this did not run: ${reason}`) })
  }

  #tally (result: Result, closing: boolean, path: readonly string[]): void {
    if (result.skip !== false || result.todo !== false) {
      this.#count.skipped += 1
      this.#line(`skip ${[...path, result.name].join(' > ')}: ${String(result.skip || result.todo)}`)
    } else if (result.ok) {
      if (!closing) this.#count.passed += 1
    } else if (!closing || result.diag?.signal !== undefined || result.diag?.failure !== undefined) {
      this.#count.failed += 1
      this.#line([...path, result.name].join(' > '))
      if (result.diag !== null) this.#line(stringify(result.diag).trimEnd().replace(/^/gm, '    '))
    }
  }

  #line (text: string): void {
    this.push(`${text}\n`)
  }

  override _transform (chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#parser.write(chunk)
    done()
  }

  override async _flush (done: TransformCallback): Promise<void> {
    this.#parser.end()
    const { ok } = await this.#done
    const { passed, skipped } = this.#count
    const failed = Math.max(this.#count.failed, ok ? 0 : 1)
    this.#line(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
    done()
  }
}
