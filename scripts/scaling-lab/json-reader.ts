/** A place in parsed JSON that names itself in errors. Numbers may be written as strings, as CloudFormation allows. */
export class JsonReader {
  readonly value: unknown
  readonly path: string

  constructor (value: unknown, path: string) {
    this.value = value
    this.path = path
  }

  get isMissing (): boolean { return this.value === undefined || this.value === null }

  /** The member at a dotted path, missing or not. */
  at (path: string): JsonReader {
    let value = this.value
    for (const key of path.split('.')) value = isRecord(value) ? value[key] : undefined
    return new JsonReader(value, `${this.path}.${path}`)
  }

  text (): string {
    if (typeof this.value !== 'string') throw new Error(`${this.path} should be text, but is ${this.#shown()}`)
    return this.value
  }

  number (): number {
    const value = typeof this.value === 'string' && this.value.trim() !== '' ? Number(this.value) : this.value
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`${this.path} should be a number, but is ${this.#shown()}`)
    return value
  }

  optionalNumber (): number | undefined { return this.isMissing ? undefined : this.number() }
  optionalText (): string | undefined { return this.isMissing ? undefined : this.text() }

  list (): JsonReader[] {
    if (this.isMissing) return []
    if (!Array.isArray(this.value)) throw new Error(`${this.path} should be a list, but is ${this.#shown()}`)
    return this.value.map((value: unknown, i) => new JsonReader(value, `${this.path}[${i}]`))
  }

  members (): Array<[string, JsonReader]> {
    if (!isRecord(this.value)) throw new Error(`${this.path} should be an object, but is ${this.#shown()}`)
    return Object.entries(this.value).map(([key, value]) => [key, new JsonReader(value, `${this.path}.${key}`)])
  }

  /** The logical id of `{"Ref": …}`, or of an attribute's `{"Fn::GetAtt": [id, …]}`. */
  reference (): string | undefined {
    if (!isRecord(this.value)) return undefined
    const { Ref: ref, 'Fn::GetAtt': attribute } = this.value
    if (typeof ref === 'string') return ref
    return Array.isArray(attribute) && typeof attribute[0] === 'string' ? attribute[0] : undefined
  }

  #shown (): string {
    return this.isMissing ? 'missing' : JSON.stringify(this.value)
  }
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
