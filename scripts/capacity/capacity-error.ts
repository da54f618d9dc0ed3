/** What the person who called can mend: shown as a sentence, without a stack. */
export class CapacityError extends Error {}
