import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { alarmDescription, type AlarmFacts, type AlarmId, alarms, scaleOutAlarmId } from '../alarms.ts'
import { alarmName } from '../place.ts'
import type { StageSettings } from '../settings.ts'

const comparisons: Record<AlarmFacts['comparison'], cloudwatch.ComparisonOperator> = {
  above: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
  atLeast: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  below: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
}
const missingData: Record<AlarmFacts['missing'], cloudwatch.TreatMissingData> = {
  breaching: cloudwatch.TreatMissingData.BREACHING,
  notBreaching: cloudwatch.TreatMissingData.NOT_BREACHING,
  ignore: cloudwatch.TreatMissingData.IGNORE,
  missing: cloudwatch.TreatMissingData.MISSING
}

export interface AlarmsProps {
  readonly stage: StageSettings
  readonly region: string
  readonly topic: ITopic
}

/** Makes the alarms of alarms.ts; whoever knows a metric adds its alarm here. */
export class Alarms extends Construct {
  readonly #props: AlarmsProps

  constructor (scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id)
    this.#props = props
  }

  /** `part` tells apart several alarms of one kind, such as those of two databases. */
  add (id: AlarmId, metric: cloudwatch.Metric | cloudwatch.MathExpression, part?: string): cloudwatch.Alarm {
    const facts: AlarmFacts = alarms[id]
    const { stage, region, topic } = this.#props
    const name = part === undefined ? id : `${id}-${part}`
    const alarm = new cloudwatch.Alarm(this, name, {
      alarmName: alarmName(stage, region, name),
      alarmDescription: alarmDescription(id),
      metric: metric.with({ period: Duration.seconds(facts.periodSeconds) }),
      comparisonOperator: comparisons[facts.comparison],
      threshold: facts.threshold,
      datapointsToAlarm: facts.datapoints,
      evaluationPeriods: facts.of,
      treatMissingData: missingData[facts.missing]
    })
    if (id === scaleOutAlarmId) return alarm
    const tell = new SnsAction(topic)
    alarm.addAlarmAction(tell)
    alarm.addOkAction(tell)
    return alarm
  }
}
