const narrowing = [
  /\bDROP\b(?! NOT NULL| DEFAULT| INDEX)/i,
  /\bRENAME\b/i,
  /\bTRUNCATE\b/i,
  /\bSET NOT NULL\b/i,
  /\bALTER COLUMN\b.*\bTYPE\b/i,
  /\bADD COLUMN\b(?!.*\bDEFAULT\b).*\bNOT NULL\b/i,
  /\bADD CONSTRAINT\b/i,
  /\bCREATE UNIQUE INDEX\b/i
]

/** The statements that the version before this migration could stumble over; one that makes a table stumbles nobody. */
export function narrowingStatements (sql: string): string[] {
  const statements = sql.replace(/--.*$/gm, '').split(';').map((statement) => statement.replace(/\s+/g, ' ').trim()).filter(Boolean)
  const fresh = new Set(statements.flatMap((statement) => /^CREATE TABLE "?(\w+)"?/i.exec(statement)?.[1] ?? []))
  return statements.filter((statement) => {
    if (/^CREATE TABLE\b/i.test(statement)) return false
    const table = /^(?:ALTER TABLE|CREATE (?:UNIQUE )?INDEX .*? ON) "?(\w+)"?/i.exec(statement)?.[1]
    return !(table !== undefined && fresh.has(table)) && narrowing.some((pattern) => pattern.test(statement))
  })
}
