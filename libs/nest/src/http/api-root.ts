/** All resources are below it. Health, documentation and Apple's door are not. */
export const API = '/api/v1';
