import type { Severity } from '../../../src/receivers/alert-event.ts';

/** Severities differ in shape, not only in colour: circle, triangle, diamond, octagon. */
const SHAPES: Readonly<Record<Severity, string>> = {
  low: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z',
  medium: 'M8 1.800 15 14H1z',
  high: 'M8 .8 15.200 8 8 15.200.8 8z',
  critical: 'M5 1h6l4 4v6l-4 4H5l-4-4V5z',
};

export function SeverityIcon({ severity, label }: { severity: Severity; label: string }) {
  return (
    <svg class={`icon severity-${severity}`} viewBox="0 0 16 16" role="img" aria-label={label}>
      <title>{label}</title>
      <path class="icon-fill" d={SHAPES[severity]} />
      <path class="icon-mark" d="M7.200 5h1.600v4.200H7.200zM7.200 10.300h1.600v1.600H7.200z" />
    </svg>
  );
}

export function BellIcon() {
  return (
    <svg class="icon brand-icon" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M16 6a2 2 0 0 1 2 2v.5c3 .9 5 3.600 5 7.500v3.500l2 3H7l2-3V16c0-3.900 2-6.600 5-7.500V8a2 2 0 0 1 2-2zm-3 18.500h6a3 3 0 0 1-6 0z" />
    </svg>
  );
}

export function BackIcon() {
  return (
    <svg class="icon stroke" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M10 3 5 8l5 5" />
    </svg>
  );
}

/** Two sliders. */
export function SettingsIcon() {
  return (
    <svg class="icon stroke" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M1 5h6m4 0h4M1 11h2m4 0h8M9 3a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM5 9a2 2 0 1 1 0 4 2 2 0 0 1 0-4z" />
    </svg>
  );
}
