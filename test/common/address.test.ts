import t from 'tap'
import { eui64FromMac, linkLocalFromMac } from '../../common/address.ts'

t.equal(eui64FromMac('52:54:00:12:34:56'), '525400fffe123456')
t.equal(linkLocalFromMac('52:54:00:12:34:56'), 'fe80::5054:ff:fe12:3456')
