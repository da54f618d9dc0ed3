export interface ServerEvent { readonly event: string, readonly data: Readonly<Record<string, unknown>> }

/** Takes a stream of server-sent events in whatever pieces it comes, and gives out whole ones; comments are dropped. */
export function parseEvents (): (piece: string) => ServerEvent[] {
  let rest = ''
  return (piece) => {
    const blocks = (rest + piece).split('\n\n')
    rest = blocks.pop() ?? ''
    return blocks.flatMap((block) => {
      const fields = new Map(block.split('\n').map((line) => [line.slice(0, Math.max(0, line.indexOf(': '))), line.slice(line.indexOf(': ') + 2)]))
      const event = fields.get('event')
      return event === undefined ? [] : [{ event, data: JSON.parse(fields.get('data') ?? '{}') as ServerEvent['data'] }]
    })
  }
}
