export const en = {
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  critical: 'CRITICAL',
  resolved: 'RESOLVED',
  ended: 'ENDED',
  newLevel: 'NEW LEVEL',
  since: 'since',
  reminder: 'reminder',
  causes: 'likely causes',
  missing: 'missing per hour',
  excess: 'in excess per hour',
} as const;
