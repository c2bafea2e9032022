/** Alerts about the pipeline itself: by what they call their measure, their type. */
export const OWN_ALERTS = { lag: 'consumer_lag', series: 'series_limit', ids: 'ids_limit' } as const;
