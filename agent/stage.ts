/** Where the pipeline ends; what a stage delivers beyond it is discarded. */
export const stages = ['tcp', 'http', 'bodies', 'witnesses'] as const;
export type Stage = (typeof stages)[number];
