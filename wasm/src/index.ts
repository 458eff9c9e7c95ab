// Sotto: personal recommendations, computed on the visitor's own device.
export { SottoError } from './errors.js';
export { createRecommender } from './recommender.js';
export type * from './types.js';
