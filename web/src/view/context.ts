import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Dashboard } from '../data/dashboard.ts';

export const DashboardContext = createContext<Dashboard | undefined>(undefined);

export function useDashboard(): Dashboard {
  const dashboard = useContext(DashboardContext);
  if (!dashboard) throw new Error('no dashboard around this component');
  return dashboard;
}
